// The elements around the drawing: stage, buttons, legend, tooltip and a line for screen readers.
function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(text, name, act) {
  const element = make("button", "tool", text);
  element.type = "button";
  element.title = name;
  element.setAttribute("aria-label", name);
  element.addEventListener("click", act);
  return element;
}

export function buildFrame(root, data, scene) {
  const box = make("div", "box");
  const stage = make("div", "stage");
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  stage.style.height = `${data.height}px`;
  const tools = make("div", "tools");
  tools.append(
    button("+", "Zoom in", () => scene.zoom(1)),
    button("−", "Zoom out", () => scene.zoom(-1)),
    button("⤢", "Fit", () => scene.zoom(0)),
  );
  const tip = make("div", "tip");
  tip.hidden = true;
  const live = make("div", "live");
  live.setAttribute("aria-live", "polite");
  const legend = make("div", "legend");
  box.append(stage, tools, tip, live, legend);
  root.append(box);

  return {
    box,
    stage,
    // Shows the lines of a tooltip, and says them; null hides it.
    tell(lines) {
      tip.hidden = lines === null;
      tip.replaceChildren(...(lines ?? []).map((line, i) => make("div", i === 0 ? "head" : "line", line)));
      live.textContent = (lines ?? []).join(", ");
    },
    paint(theme, { legend: rows, alt }) {
      stage.setAttribute("aria-label", alt);
      legend.replaceChildren(
        ...rows.map(([shape, tone, words]) => {
          const item = make("span", "item");
          const mark = make("span", `mark ${shape}`);
          mark.style.background = theme.tones[tone];
          item.append(mark, make("span", "words", words));
          return item;
        }),
      );
    },
    fail(message) {
      stage.replaceChildren(make("p", "failed", message));
    },
  };
}
