// Entry of the component: one scene per mounted element, rebuilt only when the drawing itself changes.
import { Scene } from "./scene.js";

const scenes = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const report = (id) => setTriggerValue("clicked", id);
  let scene = scenes.get(parentElement);
  if (!scene || scene.key !== data.key || !scene.attached()) {
    scene?.destroy();
    scene = new Scene(parentElement, data, report);
    scenes.set(parentElement, scene);
  }
  scene.report = report;
  scene.update(data);
  return () => {
    scene.destroy();
    scenes.delete(parentElement);
  };
}
