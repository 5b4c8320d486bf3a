// One drawn graph: sigma.js over graphology, with positions given by Python. All text is drawn as text
// (canvas or textContent), never parsed as HTML.
import Graph from "graphology";
import Sigma from "sigma";
import { NodeSquareProgram } from "@sigma/node-square";
import { readTheme } from "./theme.js";
import { drawHover, drawLabel } from "./labels.js";
import { buildFrame } from "./frame.js";
import { listenKeys } from "./keys.js";

// Squares whose labels are drawn as those of circles are: the library's own are black on either theme.
class Square extends NodeSquareProgram {
  drawLabel = undefined;
  drawHover = undefined;
}

export class Scene {
  constructor(root, data, report) {
    this.key = data.key;
    this.report = report;
    this.hovered = null;
    this.selected = null;
    this.shown = null;
    this.frame = buildFrame(root, data, this);
    this.theme = readTheme(this.frame.stage, data.tones);
    this.graph = this.buildGraph(data);
    try {
      this.sigma = new Sigma(this.graph, this.frame.stage, this.settings());
    } catch (error) {
      this.frame.fail("This browser cannot draw the graph (no WebGL). The tables beside it hold the same.");
      console.warn(`graph not drawn: ${error.message}`);
      return;
    }
    this.listen();
    this.frame.stage.graphattr = {
      position: (id) => this.sigma.graphToViewport(this.graph.getNodeAttributes(id)),
      nodes: () => this.graph.nodes(),
    };
  }

  attached() {
    return this.frame.box.isConnected;
  }

  buildGraph({ nodes, edges }) {
    const graph = new Graph({ type: "undirected", multi: false });
    nodes.id.forEach((id, i) => {
      graph.addNode(id, {
        x: nodes.x[i],
        y: nodes.y[i],
        size: nodes.size[i],
        tone: nodes.tone[i],
        type: nodes.shape[i],
        label: nodes.label[i],
        title: nodes.title[i],
        named: nodes.named[i],
      });
    });
    edges.source.forEach((source, i) => {
      graph.mergeEdge(nodes.id[source], nodes.id[edges.target[i]], { size: edges.size[i], tone: edges.tone[i] });
    });
    return graph;
  }

  settings() {
    return {
      nodeProgramClasses: { square: Square },
      defaultDrawNodeLabel: (context, node, settings) => drawLabel(context, node, settings, this.theme),
      defaultDrawNodeHover: (context, node, settings) => drawHover(context, node, settings, this.theme),
      labelFont: this.theme.font,
      labelSize: 12,
      labelDensity: 0.6,
      labelGridCellSize: 110,
      labelRenderedSizeThreshold: 7,
      minCameraRatio: 0.02,
      maxCameraRatio: 3,
      stagePadding: 52,
      zIndex: true,
      nodeReducer: (id, node) => this.styleNode(id, node),
      edgeReducer: (edge, attributes) => this.styleEdge(edge, attributes),
    };
  }

  // The node that everything else is dimmed around: the one under the pointer, else the selected one.
  get centre() {
    return this.hovered ?? this.selected;
  }

  isDim(id) {
    if (this.shown && !this.shown.has(id)) return true;
    const centre = this.centre;
    return centre !== null && centre !== id && !this.graph.areNeighbors(centre, id);
  }

  styleNode(id, node) {
    const { tones } = this.theme;
    const dim = this.isDim(id);
    const near = !dim && this.centre !== null;
    return {
      ...node,
      color: dim ? tones.dim : tones[node.tone],
      label: dim ? "" : node.label,
      forceLabel: node.named || id === this.selected || (near && this.graph.degree(this.centre) <= 24),
      highlighted: id === this.selected,
      zIndex: dim ? 0 : 1,
    };
  }

  styleEdge(edge, attributes) {
    const { tones } = this.theme;
    const [source, target] = this.graph.extremities(edge);
    const centre = this.centre;
    const off = this.isDim(source) || this.isDim(target);
    const near = centre !== null && (source === centre || target === centre);
    if (centre !== null && !near) return { ...attributes, color: tones.faint, zIndex: 0 };
    return { ...attributes, color: off ? tones.faint : near ? tones.near : tones[attributes.tone], zIndex: near ? 1 : 0 };
  }

  listen() {
    const { sigma, frame } = this;
    sigma.on("enterNode", ({ node }) => this.hover(node));
    sigma.on("leaveNode", () => this.hover(null));
    sigma.on("clickNode", ({ node }) => this.report(node));
    sigma.on("clickStage", () => this.selected !== null && this.report(""));
    sigma.on("doubleClickStage", (event) => event.preventSigmaDefault());
    // The page scrolls over a graph that nobody works in; with the focus, or Ctrl, the wheel zooms.
    const passScroll = (event) => {
      const active = frame.stage.getRootNode().activeElement === frame.stage;
      if (!active && !event.ctrlKey && !event.metaKey) event.stopImmediatePropagation();
    };
    frame.stage.addEventListener("wheel", passScroll, { capture: true, passive: true });
    listenKeys(this);
  }

  hover(id) {
    this.hovered = id;
    this.frame.tell(id === null ? null : this.graph.getNodeAttribute(id, "title"));
    this.frame.stage.style.cursor = id === null ? "default" : "pointer";
    this.sigma.refresh({ skipIndexation: true });
  }

  update(data) {
    if (!this.sigma) return;
    this.theme = readTheme(this.frame.stage, data.tones);
    this.selected = data.selected !== null && this.graph.hasNode(data.selected) ? data.selected : null;
    this.shown = data.shown === null ? null : new Set(data.shown);
    this.frame.paint(this.theme, data);
    this.sigma.setSetting("labelFont", this.theme.font);
    this.sigma.refresh({ skipIndexation: true });
  }

  zoom(step) {
    const camera = this.sigma.getCamera();
    if (step === 0) camera.animatedReset({ duration: 150 });
    else if (step > 0) camera.animatedZoom({ duration: 150, factor: 1.5 });
    else camera.animatedUnzoom({ duration: 150, factor: 1.5 });
  }

  destroy() {
    this.sigma?.kill();
    this.sigma = null;
    this.frame.box.remove();
  }
}
