// Labels on the canvas, legible on either theme: text with a halo of the background.
const GAP = 4;

function place(context, node, settings) {
  context.font = `${settings.labelWeight} ${settings.labelSize}px ${settings.labelFont}`;
  return { x: node.x + node.size + GAP, y: node.y + settings.labelSize / 3 };
}

export function drawLabel(context, node, settings, theme) {
  if (!node.label) return;
  const { x, y } = place(context, node, settings);
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = theme.background;
  context.strokeText(node.label, x, y);
  context.fillStyle = theme.text;
  context.fillText(node.label, x, y);
}

// Under the pointer, or selected: a ring around the node, and its label above all others.
export function drawHover(context, node, settings, theme) {
  context.beginPath();
  context.arc(node.x, node.y, node.size + 4, 0, Math.PI * 2);
  context.lineWidth = 2;
  context.strokeStyle = theme.text;
  context.stroke();
  drawLabel(context, node, settings, theme);
}
