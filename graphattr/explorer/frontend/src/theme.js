// Colours follow the page's theme: read from the custom properties that Streamlit sets on the host element.
const read = (style, name, fallback) => style.getPropertyValue(name).trim() || fallback;

function luminance(colour) {
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = colour;
  const hex = canvas.fillStyle;
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function readTheme(element, tones) {
  const style = getComputedStyle(element);
  const background = read(style, "--st-background-color", "#ffffff");
  const dark = luminance(background) < 0.4;
  return {
    background,
    text: read(style, "--st-text-color", dark ? "#fafafa" : "#1f2430"),
    panel: read(style, "--st-secondary-background-color", dark ? "#262730" : "#f0f2f6"),
    font: read(style, "--st-font", "sans-serif"),
    tones: dark ? tones.dark : tones.light,
  };
}
