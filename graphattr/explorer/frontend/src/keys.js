// Keyboard: arrows pan, + - 0 zoom, N and P step through the nodes (in the order of the tables), Enter opens, Esc clears.
const PAN = 0.08;
const MOVES = { ArrowLeft: [-PAN, 0], ArrowRight: [PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };

function step(scene, by) {
  const nodes = scene.graph.nodes();
  if (nodes.length === 0) return;
  const at = nodes.indexOf(scene.centre);
  scene.hover(nodes[at < 0 ? (by > 0 ? 0 : nodes.length - 1) : (at + by + nodes.length) % nodes.length]);
}

function pan(scene, [dx, dy]) {
  const camera = scene.sigma.getCamera();
  const { x, y, ratio } = camera.getState();
  camera.setState({ x: x + dx * ratio, y: y + dy * ratio });
}

export function listenKeys(scene) {
  scene.frame.stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "+": () => scene.zoom(1),
      "=": () => scene.zoom(1),
      "-": () => scene.zoom(-1),
      0: () => scene.zoom(0),
      n: () => step(scene, 1),
      p: () => step(scene, -1),
      Enter: () => scene.centre !== null && scene.report(scene.centre),
      Escape: () => {
        scene.hover(null);
        scene.report("");
      },
    }[event.key];
    const move = MOVES[event.key];
    if (!act && !move) return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own on plain letters
    if (act) act();
    else pan(scene, move);
  });
}
