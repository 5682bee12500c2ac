/*
 * <crowd-2d-skeleton>: people place the keypoints of skeletons on one image.
 *
 * Attributes, all JSON but the first (docs/skeleton.md has every field):
 *   imgSrc               address of the image
 *   keypointClasses      [{id, label, color, x, y}]; without x and y points are placed one by one
 *   skeletonRig          optional [[label, label] or [label, label, colour]]
 *   skeletonBoundingBox  optional {left, top, right, bottom} (or width, height) around those x and y
 *   initialValues        optional earlier skeletons, or the label of an earlier job that holds them
 *   uniqueSkeletonColors optional "true" or a list of colours: one colour per skeleton
 * Writes three hidden fields for the form around it: annotations (JSON), noChangesNeeded,
 * totalTimeInSeconds. Coordinates are pixels of the image as it is, whatever the zoom.
 *
 * One file, no dependency, no build. Nothing that comes from data is ever parsed as HTML.
 */
(() => {
  "use strict";
  if (customElements.get("crowd-2d-skeleton")) return;

  const SVG = "http://www.w3.org/2000/svg";
  const VISIBILITIES = ["visible", "occluded", "absent"];
  const PALETTE = ["#4e9cff", "#ff9f1c", "#2ec27e", "#e35bd8", "#f5d90a", "#00c2c7", "#ff5d5d"];
  const LEFT_COLOUR = "#35c4ff", RIGHT_COLOUR = "#ffae35", MIDDLE_COLOUR = "#f1f3f5";
  const CLICK_PIXELS = 4, NUDGE_PIXELS = 1.5, ZOOM_MAX = 40, ZOOM_STEP = 1.25, UNDO_MAX = 200;

  // --- small tools ------------------------------------------------------------------------------
  function put(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === false || value === null || value === undefined) node.removeAttribute(name);
      else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children || []) node.append(child);
    return node;
  }
  const html = (tag, attributes, ...children) => put(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => put(document.createElementNS(SVG, tag), attributes, children);
  const round = (value) => Math.round(value * 100) / 100;
  const within = (value, low, high) => Math.min(Math.max(value, low), high);
  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const colour = (value, otherwise) =>
    typeof value === "string" && CSS.supports("color", value) ? value : otherwise;
  const clone = (value) => JSON.parse(JSON.stringify(value));
  let made = 0;
  /** Tells skeletons apart on this page, also where data gave two of them the same id. */
  const freshKey = () => { made += 1; return made; };

  // --- reading attributes -----------------------------------------------------------------------
  class AttributeProblem extends Error {}

  function readJson(element, name, otherwise) {
    const text = element.getAttribute(name);
    if (text === null || text.trim() === "") return otherwise;
    try {
      return JSON.parse(text);
    } catch {
      throw new AttributeProblem(`${name} is not valid JSON.`);
    }
  }

  function readClasses(listed) {
    if (!Array.isArray(listed) || !listed.length) {
      throw new AttributeProblem("keypointClasses is not a list of keypoints, so there is nothing to place.");
    }
    const seen = new Set();
    return listed.map((one, index) => {
      const label = one && typeof one.label === "string" ? one.label : "";
      if (!label) throw new AttributeProblem(`keypointClasses[${index}] has no label.`);
      if (seen.has(label)) throw new AttributeProblem(`keypointClasses[${index}]: its label is there already.`);
      seen.add(label);
      return {
        id: one.id === undefined || one.id === null ? label : one.id,
        label,
        color: colour(one.color, PALETTE[index % PALETTE.length]),
        x: one.x,
        y: one.y,
      };
    });
  }

  function readRig(listed, classes) {
    if (!Array.isArray(listed)) throw new AttributeProblem("skeletonRig is not a list of pairs.");
    const known = new Set(classes.map((one) => one.label));
    return listed.map((line, index) => {
      if (!Array.isArray(line) || !known.has(line[0]) || !known.has(line[1])) {
        throw new AttributeProblem(`skeletonRig[${index}] does not name two labels of keypointClasses.`);
      }
      return { from: line[0], to: line[1], color: colour(line[2], null) };
    });
  }

  /** The box in which the classes' x and y are given, or null where they say no shape. */
  function readFrame(box, classes) {
    if (!classes.every((one) => isNumber(one.x) && isNumber(one.y))) return null;
    const xs = classes.map((one) => one.x), ys = classes.map((one) => one.y);
    const frame = { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
    if (frame.left === frame.right && frame.top === frame.bottom) return null;
    if (box !== null) {
      const right = isNumber(box.right) ? box.right : box.left + box.width;
      const bottom = isNumber(box.bottom) ? box.bottom : box.top + box.height;
      if (![box.left, box.top, right, bottom].every(isNumber) || right < box.left || bottom < box.top) {
        throw new AttributeProblem("skeletonBoundingBox needs left, top, and right and bottom (or width and height).");
      }
      if (right > box.left || bottom > box.top) return { left: box.left, top: box.top, right, bottom };
    }
    return frame;
  }

  /** Skeletons of an earlier answer, of a label record that holds one, or of AWS's documented shape. */
  function readSkeletons(given) {
    let listed = given;
    if (typeof listed === "string") listed = JSON.parse(listed || "[]");
    if (listed && !Array.isArray(listed)) listed = listed.updated_annotations;
    if (listed === null || listed === undefined) return [];
    if (!Array.isArray(listed)) throw new AttributeProblem("initialValues is not a list of skeletons.");
    return listed.map((one, index) => {
      const points = one && (one.keypoints || one.annotations);
      if (!Array.isArray(points)) throw new AttributeProblem(`initialValues[${index}] has no keypoints.`);
      const options = (one && one.annotation_options) || {};
      const skeleton = {
        key: freshKey(),
        id: String(one.id === undefined ? `skeleton-${index + 1}` : one.id),
        name: typeof one.name === "string" ? one.name : null,
        line: colour(options.line_color, null),
        fill: colour(options.keypoint_color, null),
        locked: options.editable === false,
        points: {},
      };
      for (const point of points) {
        if (!point || typeof point.label !== "string") continue;
        const visibility = VISIBILITIES.includes(point.visibility) ? point.visibility : "visible";
        const placed = isNumber(point.x) && isNumber(point.y);
        if (!placed && visibility !== "absent") continue;
        skeleton.points[point.label] = {
          x: placed ? point.x : null, y: placed ? point.y : null, visibility, id: point.id,
        };
      }
      return skeleton;
    });
  }

  // --- left and right ---------------------------------------------------------------------------
  const words = (label) => label.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/);
  const SIDES = { left: "left", l: "left", right: "right", r: "right" };

  function sideOf(label) {
    const found = words(label).find((word) => SIDES[word]);
    return found ? SIDES[found] : null;
  }

  /** label -> the label of the same part on the other side. */
  function mirrors(classes) {
    const parts = new Map(), pairs = new Map();
    for (const { label } of classes) {
      const side = sideOf(label);
      if (!side) continue;
      const part = words(label).map((word) => (SIDES[word] ? "*" : word)).join(" ");
      const entry = parts.get(part) || {};
      entry[side] = label;
      parts.set(part, entry);
    }
    for (const { left, right } of parts.values()) {
      if (left && right) pairs.set(left, right).set(right, left);
    }
    return pairs;
  }

  /** Where two line segments cross, or null. */
  function crossing(a, b, c, d) {
    const denominator = (b.x - a.x) * (d.y - c.y) - (b.y - a.y) * (d.x - c.x);
    if (!denominator) return null;
    const t = ((c.x - a.x) * (d.y - c.y) - (c.y - a.y) * (d.x - c.x)) / denominator;
    const u = ((c.x - a.x) * (b.y - a.y) - (c.y - a.y) * (b.x - a.x)) / denominator;
    if (t <= 0 || t >= 1 || u <= 0 || u >= 1) return null;
    return { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
  }

  const STYLE = `
    :host { display: block; font: 13px/1.4 system-ui, "Segoe UI", Roboto, sans-serif; color: #1f2733;
      --accent: #1463d6; --line: #d5dae2; --soft: #f4f6f9; }
    * { box-sizing: border-box; }
    .bar { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; padding: 8px;
      background: var(--soft); border: 1px solid var(--line); border-radius: 8px 8px 0 0; }
    .bar .gap { flex: 1 1 8px; }
    button { font: inherit; color: inherit; background: #fff; border: 1px solid #b9c1cd; border-radius: 6px;
      padding: 4px 10px; cursor: pointer; min-height: 28px; }
    button:hover:not(:disabled) { background: #eaf1fd; border-color: var(--accent); }
    button:disabled { opacity: .45; cursor: default; }
    button[aria-pressed="true"], button.main { background: var(--accent); border-color: var(--accent); color: #fff; }
    button.main:hover:not(:disabled) { background: #0f52b3; }
    :focus-visible { outline: 3px solid #ffb020; outline-offset: 1px; }
    .zoom { min-width: 48px; text-align: center; font-variant-numeric: tabular-nums; }
    .work { display: flex; border: 1px solid var(--line); border-width: 0 1px 1px; border-radius: 0 0 8px 8px;
      height: max(460px, min(74vh, 900px)); overflow: hidden; }
    .stage { position: relative; flex: 1 1 auto; min-width: 240px; overflow: hidden; background: #20262f;
      touch-action: none; cursor: grab; user-select: none; }
    .stage.adding, .stage.placing { cursor: crosshair; }
    .stage.panning { cursor: grabbing; }
    .stage img { position: absolute; left: 0; top: 0; transform-origin: 0 0; max-width: none; pointer-events: none; }
    .stage.large img { image-rendering: pixelated; }
    .stage svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: hidden; }
    .note { position: absolute; left: 50%; top: 10px; transform: translateX(-50%); background: #0b1220e0; color: #fff;
      padding: 5px 12px; border-radius: 14px; pointer-events: none; max-width: 92%; text-align: center; }
    .note:empty { display: none; }
    aside { flex: 0 0 290px; display: flex; flex-direction: column; border-left: 1px solid var(--line); background: #fff;
      overflow: auto; padding: 10px; gap: 10px; }
    aside > * { flex: none; }
    aside > .scroll { flex: 1 1 160px; min-height: 160px; overflow: auto; }
    .skeletons { max-height: 132px; overflow: auto; }
    h3 { margin: 0 0 4px; font-size: 12px; text-transform: uppercase; letter-spacing: .04em; color: #5a6675; }
    ul { list-style: none; margin: 0; padding: 0; }
    .skeletons li { display: flex; gap: 4px; margin-bottom: 4px; }
    .skeletons button:first-child { flex: 1; text-align: left; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .points li { display: grid; grid-template-columns: 1fr 92px 28px; gap: 4px; align-items: center;
      border-radius: 6px; padding: 1px 2px; }
    .points li.active { background: #eaf1fd; }
    .points .name { border-color: transparent; background: none; text-align: left; padding: 2px 4px; display: flex;
      gap: 7px; align-items: center; overflow: hidden; }
    .points .name span:last-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .points .open .name { color: #5a6675; font-style: italic; }
    .points .absent .name { text-decoration: line-through; color: #5a6675; }
    .dot { flex: none; width: 12px; height: 12px; border-radius: 50%; border: 1px solid #0006; }
    .open .dot { opacity: .35; }
    .points button.remove { padding: 0; border-color: transparent; background: none; }
    select { font: inherit; font-size: 12px; padding: 2px; border: 1px solid #b9c1cd; border-radius: 5px; background: #fff;
      min-height: 26px; }
    .swap { background: #fff4e0; border: 1px solid #f0b45a; border-radius: 6px; padding: 8px; }
    .swap p { margin: 0 0 6px; }
    .problem { background: #fdecec; border: 1px solid #d64545; border-radius: 6px; padding: 10px; margin-bottom: 8px; }
    .done { display: flex; gap: 8px; align-items: flex-start; padding: 8px; border: 1px solid var(--line);
      border-radius: 6px; background: var(--soft); }
    .done input { width: 17px; height: 17px; margin: 1px 0 0; }
    details summary { cursor: pointer; font-weight: 600; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 10px; margin: 6px 0 0; }
    dt { font-family: ui-monospace, monospace; font-size: 12px; } dd { margin: 0; }
    kbd { font-family: ui-monospace, monospace; }
    [hidden] { display: none !important; }
    .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    .rig { stroke-linecap: round; }
    .under { stroke: #000a; stroke-linecap: round; }
    .idle { opacity: .6; }
    .grip { stroke: transparent; cursor: move; }
    .point { cursor: pointer; outline: none; }
    .point .reach { fill: transparent; }
    .point .halo { fill: none; stroke: transparent; }
    .point.active .halo { stroke: #fff; stroke-width: 2; }
    .point:focus .halo { stroke: #ffb020; stroke-width: 3; }
    text { font: 600 11px system-ui, sans-serif; fill: #fff; paint-order: stroke; stroke: #000c; stroke-width: 3px;
      pointer-events: none; }
    .cross { fill: none; stroke: #ff3b30; stroke-width: 2.5; pointer-events: none; }
    .ghost { pointer-events: none; }
    .ghost rect { fill: #4e9cff22; stroke: #4e9cff; stroke-dasharray: 5 4; }
    @media (max-width: 720px) { .work { flex-direction: column; height: auto; } .stage { height: 60vh; flex: none; }
      aside { flex: none; border-left: 0; border-top: 1px solid var(--line); } }
  `;
  const KEYS = [
    ["S", "new skeleton; Enter puts it in the middle"],
    ["Tab", "next point (Shift: previous)"],
    ["N", "next point that is not placed, else the next one"],
    ["Arrows", "move the point 1 pixel (Shift: 10)"],
    ["O", "occluded, or visible again"],
    ["A", "absent: not in the picture"],
    ["Del", "remove the point (Shift: the skeleton)"],
    ["X", "swap left and right of the skeleton"],
    ["Ctrl Z, Y", "undo, redo"],
    ["+ \u2212 0", "zoom in, out, fit"],
    ["Esc", "leave what was begun"],
  ];

  // --- the element ------------------------------------------------------------------------------
  class CrowdSkeleton extends HTMLElement {
    static observedAttributes = ["imgsrc", "keypointclasses", "skeletonrig", "skeletonboundingbox",
      "initialvalues", "uniqueskeletoncolors"];

    constructor() {
      super();
      this.attachShadow({ mode: "open" });
      this.view = { x: 0, y: 0, scale: 1 };
      this.shapes = new Map();
      this.started = Date.now();
      this.clear();
      this.buildChrome();
    }

    connectedCallback() {
      if (!this.fields) {
        this.fields = {};
        for (const name of ["annotations", "noChangesNeeded", "totalTimeInSeconds"]) {
          this.fields[name] = html("input", { type: "hidden", name });
          this.append(this.fields[name]);
        }
      }
      this.writeTime = () => { this.fields.totalTimeInSeconds.value = ((Date.now() - this.started) / 1000).toFixed(1); };
      this.form = this.closest("crowd-form, form");
      if (this.form) this.form.addEventListener("submit", this.writeTime, true);
      this.clock = setInterval(this.writeTime, 1000);
      this.watcher = new ResizeObserver(() => { if (this.fitted) this.fit(); else this.draw(); });
      this.watcher.observe(this.stage);
      this.load();
    }

    disconnectedCallback() {
      clearInterval(this.clock);
      this.watcher.disconnect();
      if (this.form) this.form.removeEventListener("submit", this.writeTime, true);
    }

    attributeChangedCallback() {
      if (!this.isConnected || this.waiting) return;
      this.waiting = true;
      queueMicrotask(() => { this.waiting = false; this.load(); });
    }

    /** The answer as the form gets it: skeletons with their points, in pixels of the image. */
    get value() {
      return this.state.skeletons.map((skeleton) => {
        const keypoints = [];
        for (const one of this.classesOf(skeleton)) {
          const point = skeleton.points[one.label];
          if (!point) continue;
          const written = { id: point.id === undefined ? one.id : point.id, label: one.label };
          if (point.visibility !== "absent") Object.assign(written, { x: round(point.x), y: round(point.y) });
          keypoints.push({ ...written, visibility: point.visibility });
        }
        return skeleton.name === null ? { id: skeleton.id, keypoints } : { id: skeleton.id, name: skeleton.name, keypoints };
      });
    }

    // --- loading --------------------------------------------------------------------------------
    clear() {
      this.classes = [];
      this.rig = [];
      this.frame = null;
      this.pairs = new Map();
      this.unique = null;
      this.state = { skeletons: [], active: 0, label: null };
      this.past = [];
      this.future = [];
      this.mode = "select";
      this.fitted = true;
    }

    load() {
      this.clear();
      const problems = [];
      const attempt = (work) => {
        try { work(); } catch (error) {
          problems.push(error instanceof AttributeProblem ? error.message : "an attribute cannot be read.");
        }
      };
      attempt(() => { this.classes = readClasses(readJson(this, "keypointClasses", [])); });
      attempt(() => { this.rig = readRig(readJson(this, "skeletonRig", []), this.classes); });
      attempt(() => { this.frame = readFrame(readJson(this, "skeletonBoundingBox", null), this.classes); });
      attempt(() => { this.state.skeletons = readSkeletons(readJson(this, "initialValues", [])); });
      attempt(() => {
        const text = (this.getAttribute("uniqueSkeletonColors") || "").trim();
        this.unique = text.startsWith("[") ? JSON.parse(text).map((one) => colour(one, PALETTE[0])) : text === "true" ? PALETTE : null;
        if (this.unique && !this.unique.length) this.unique = null;
      });
      this.pairs = mirrors(this.classes);
      this.showProblems(problems, "This page was set up wrongly. Please do not submit; tell who gave you the task.");
      this.unchanged.checked = false;
      this.initial = JSON.stringify(this.value);
      const source = this.getAttribute("imgSrc") || "";
      if (source && this.image.getAttribute("src") !== source) this.image.src = source;
      else if (this.image.naturalWidth) this.fit();
      if (!source) this.showProblems([...problems, "imgSrc names no image."], "There is no picture to work on.");
      this.drawAll();
      this.write();
    }

    showProblems(problems, advice) {
      this.problem.replaceChildren();
      this.problem.hidden = !problems.length;
      if (problems.length) this.problem.append(html("strong", {}, advice), html("ul", {}, ...problems.map((one) => html("li", {}, one))));
    }

    classesOf(skeleton) {
      const known = new Set(this.classes.map((one) => one.label));
      const more = Object.keys(skeleton.points).filter((label) => !known.has(label));
      // A point whose class the page does not know is kept: nobody's label gets lost on the way.
      return [...this.classes, ...more.map((label) => ({ id: label, label, color: "#9aa4b2" }))];
    }

    get skeleton() { return this.state.skeletons[this.state.active] || null; }
    get size() { return { width: this.image.naturalWidth || 1, height: this.image.naturalHeight || 1 }; }

    // --- chrome ---------------------------------------------------------------------------------
    buildChrome() {
      const button = (text, title, onclick, more) => html("button", { type: "button", title, onclick, ...more }, text);
      this.addButton = button("New skeleton", "New skeleton (S)", () => this.setMode(this.mode === "add" ? "select" : "add"), { class: "main" });
      this.undoButton = button("Undo", "Undo (Ctrl Z)", () => this.undo());
      this.redoButton = button("Redo", "Redo (Ctrl Y)", () => this.redo());
      this.swapButton = button("Swap left/right", "Swap left and right of the active skeleton (X)", () => this.swap());
      this.namesBox = html("input", { type: "checkbox", checked: true, onchange: () => this.draw() });
      this.sizeBox = html("input", { type: "range", min: 3, max: 14, step: 1, value: 6, "aria-label": "Size of points", oninput: () => this.draw() });
      this.zoomText = html("span", { class: "zoom", "aria-live": "polite" }, "100%");
      const bar = html("div", { class: "bar", role: "toolbar", "aria-label": "Tools" }, this.addButton, this.undoButton,
        this.redoButton, this.swapButton, html("span", { class: "gap" }),
        html("label", {}, this.namesBox, " Names"), html("label", {}, "Points ", this.sizeBox),
        button("\u2212", "Zoom out (\u2212)", () => this.zoom(1 / ZOOM_STEP)), this.zoomText,
        button("+", "Zoom in (+)", () => this.zoom(ZOOM_STEP)), button("Fit", "Show the whole picture (0)", () => this.fit()));

      this.image = html("img", { alt: "", draggable: "false", onload: () => this.imageLoaded(), onerror: () => this.imageFailed() });
      this.layers = { lines: svg("g"), points: svg("g"), marks: svg("g"), ghost: svg("g", { class: "ghost" }) };
      this.canvas = svg("svg", { role: "group", "aria-label": "Skeletons" }, ...Object.values(this.layers));
      this.note = html("div", { class: "note" });
      this.stage = html("div", { class: "stage", tabindex: 0, role: "application", "aria-label":
        "Picture. Tab goes through the points of the active skeleton; see the list of keys." }, this.image, this.canvas, this.note);
      this.stage.addEventListener("pointerdown", (event) => this.pointerDown(event));
      this.stage.addEventListener("pointermove", (event) => this.pointerMove(event));
      this.stage.addEventListener("pointerup", (event) => this.pointerUp(event));
      this.stage.addEventListener("pointercancel", () => this.cancelGesture());
      this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });

      this.problem = html("div", { class: "problem", role: "alert", hidden: true });
      this.swapNote = html("div", { class: "swap", role: "status", hidden: true });
      this.skeletonList = html("ul", { class: "skeletons" });
      this.pointTitle = html("h3", {}, "Points");
      this.pointList = html("ul", { class: "points" });
      this.unchanged = html("input", { type: "checkbox", id: "unchanged", onchange: () => { this.noted("no changes needed"); this.write(); } });
      this.live = html("div", { class: "sr", role: "status", "aria-live": "polite" });
      const keys = html("details", {}, html("summary", {}, "Keys"),
        html("dl", {}, ...KEYS.flatMap(([key, what]) => [html("dt", {}, key), html("dd", {}, what)])));
      const side = html("aside", { "aria-label": "Skeletons and points" },
        html("slot", { name: "instructions" }), this.swapNote,
        html("section", {}, html("h3", {}, "Skeletons"), this.skeletonList),
        html("section", { class: "scroll" }, this.pointTitle, this.pointList),
        html("div", { class: "done" }, this.unchanged,
          html("label", { for: "unchanged" }, "No changes needed: everything was right as I found it.")), keys);
      this.shadowRoot.append(html("style", {}, STYLE), this.problem, bar,
        html("div", { class: "work" }, this.stage, side), this.live);
      this.shadowRoot.addEventListener("keydown", (event) => this.keyDown(event));
    }

    imageLoaded() {
      if (this.problem.dataset.image) { delete this.problem.dataset.image; this.showProblems([], ""); }
      this.fit();
      this.updateNote();
    }

    imageFailed() {
      this.problem.dataset.image = "failed";
      this.showProblems(["The image cannot be shown."], "Please do not submit: reload the page, and if that does not help, tell who gave you the task.");
    }

    // --- view -----------------------------------------------------------------------------------
    fit() {
      const { width, height } = this.size, box = this.stage.getBoundingClientRect();
      if (!box.width || !box.height) return;
      const scale = Math.min(box.width / width, box.height / height);
      this.view = { scale, x: (box.width - width * scale) / 2, y: (box.height - height * scale) / 2 };
      this.fitted = true;
      this.draw();
    }

    zoom(factor, at) {
      const box = this.stage.getBoundingClientRect();
      const spot = at || { x: box.width / 2, y: box.height / 2 };
      const least = Math.min(box.width / this.size.width, box.height / this.size.height) / 2;
      const scale = within(this.view.scale * factor, Math.min(least, 1), ZOOM_MAX);
      const ratio = scale / this.view.scale;
      this.view = { scale, x: spot.x - (spot.x - this.view.x) * ratio, y: spot.y - (spot.y - this.view.y) * ratio };
      this.fitted = false;
      this.draw();
    }

    wheel(event) {
      event.preventDefault();
      this.zoom(Math.exp(-within(event.deltaY, -200, 200) * 0.002), this.onStage(event));
    }

    onStage(event) {
      const box = this.stage.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    onImage(event) {
      const spot = this.onStage(event);
      return this.clamp({ x: (spot.x - this.view.x) / this.view.scale, y: (spot.y - this.view.y) / this.view.scale });
    }

    clamp(point) {
      const { width, height } = this.size;
      return { x: within(point.x, 0, width), y: within(point.y, 0, height) };
    }

    screen(point) {
      return { x: point.x * this.view.scale + this.view.x, y: point.y * this.view.scale + this.view.y };
    }

    /** The middle of what is shown of the image. */
    get middle() {
      const box = this.stage.getBoundingClientRect();
      return this.clamp({ x: (box.width / 2 - this.view.x) / this.view.scale, y: (box.height / 2 - this.view.y) / this.view.scale });
    }

    // --- changing -------------------------------------------------------------------------------
    change(work, message) {
      this.past.push(clone(this.state));
      if (this.past.length > UNDO_MAX) this.past.shift();
      this.future = [];
      work();
      this.changed(message);
    }

    changed(message) {
      this.unchanged.checked = false;
      this.drawAll();
      this.write();
      if (message) this.noted(message);
      this.dispatchEvent(new Event("change", { bubbles: true, composed: true }));
    }

    noted(message) { this.live.textContent = message; }

    write() {
      if (!this.fields) return;
      const text = JSON.stringify(this.value);
      this.fields.annotations.value = text;
      this.fields.noChangesNeeded.value = String(this.unchanged.checked);
      this.writeTime();
      this.unchanged.disabled = text !== this.initial;
      this.unchanged.parentNode.title = this.unchanged.disabled ? "You have changed something." : "";
    }

    undo() { this.travel(this.past, this.future, "undone"); }
    redo() { this.travel(this.future, this.past, "done again"); }

    travel(from, to, message) {
      if (!from.length) return;
      to.push(clone(this.state));
      this.state = from.pop();
      this.setMode("select");
      this.changed(message);
    }

    freshId() {
      const taken = new Set(this.state.skeletons.map((one) => one.id));
      let number = this.state.skeletons.length + 1;
      while (taken.has(`skeleton-${number}`)) number += 1;
      return `skeleton-${number}`;
    }

    /** A whole skeleton, its rig's shape stretched into a box of the image. */
    addSkeleton(box) {
      const points = {};
      if (this.frame && box) {
        const wide = this.frame.right - this.frame.left, high = this.frame.bottom - this.frame.top;
        for (const one of this.classes) {
          const across = wide ? (one.x - this.frame.left) / wide : 0.5;
          const down = high ? (one.y - this.frame.top) / high : 0.5;
          const at = this.clamp({ x: box.left + across * (box.right - box.left), y: box.top + down * (box.bottom - box.top) });
          points[one.label] = { x: round(at.x), y: round(at.y), visibility: "visible" };
        }
      }
      const skeleton = { key: freshKey(), id: this.freshId(), name: null, line: null, fill: null, locked: false, points };
      this.change(() => {
        this.state.skeletons.push(skeleton);
        this.state.active = this.state.skeletons.length - 1;
        this.state.label = this.classes[0].label;
      }, `${this.nameOf(skeleton, this.state.skeletons.length)} added`);
      this.setMode(this.frame ? "select" : "place");
      this.focusPoint();
    }

    /** The rig's own size around a spot, made smaller where the image is too small for it. */
    boxAround(spot) {
      const { width, height } = this.size;
      const wide = this.frame.right - this.frame.left, high = this.frame.bottom - this.frame.top;
      const factor = Math.min(1, (0.8 * width) / (wide || 1), (0.8 * height) / (high || 1));
      const w = wide * factor, h = high * factor;
      const left = within(spot.x - w / 2, 0, width - w), top = within(spot.y - h / 2, 0, height - h);
      return { left, top, right: left + w, bottom: top + h };
    }

    placePoint(at) {
      const { skeleton } = this, { label } = this.state;
      if (!skeleton || skeleton.locked || !label) return;
      this.change(() => {
        const before = skeleton.points[label] || {};
        skeleton.points[label] = { ...before, x: round(at.x), y: round(at.y), visibility: before.visibility === "occluded" ? "occluded" : "visible" };
        if (this.mode === "place") this.state.label = this.nextOpen(label) || label;
      }, `${label} placed`);
      if (this.mode === "place" && skeleton.points[this.state.label]) this.setMode("select");
      this.updateNote();
    }

    nextOpen(label) {
      const { skeleton } = this, labels = this.classes.map((one) => one.label), from = labels.indexOf(label);
      const order = [...labels.slice(from + 1), ...labels.slice(0, from + 1)];
      return order.find((one) => !skeleton.points[one]) || null;
    }

    movePoint(dx, dy) {
      const point = this.activePoint();
      if (!this.workable || !point || point.visibility === "absent") return;
      this.change(() => {
        const at = this.clamp({ x: point.x + dx, y: point.y + dy });
        point.x = round(at.x);
        point.y = round(at.y);
      });
      this.noted(`${this.state.label} at ${point.x}, ${point.y}`);
      this.reveal(point);
    }

    /** Follows a point that the keyboard moved out of what is shown. */
    reveal(point) {
      const spot = this.screen(point), box = this.stage.getBoundingClientRect();
      const dx = within(spot.x, 20, box.width - 20) - spot.x, dy = within(spot.y, 20, box.height - 20) - spot.y;
      if ((!dx && !dy) || this.fitted) return;
      this.view.x += dx;
      this.view.y += dy;
      this.draw();
    }

    activePoint() {
      const { skeleton } = this;
      return skeleton && !skeleton.locked && this.state.label ? skeleton.points[this.state.label] || null : null;
    }

    setVisibility(label, visibility) {
      const { skeleton } = this;
      if (!skeleton || skeleton.locked) return;
      this.change(() => {
        const point = skeleton.points[label];
        this.state.label = label;
        if (visibility === "open") delete skeleton.points[label];
        else if (visibility === "absent") skeleton.points[label] = { x: null, y: null, ...point, visibility };
        else if (point && isNumber(point.x)) point.visibility = visibility;
        else skeleton.points[label] = { ...this.middle, visibility };
      }, `${label}: ${visibility === "open" ? "not placed" : visibility}`);
    }

    toggle(visibility) {
      const point = this.activePoint();
      if (!point) return;
      const { label } = this.state;
      this.setVisibility(label, point.visibility === visibility ? "visible" : visibility);
      if (visibility === "absent" && this.skeleton.points[label].visibility === "absent") this.step(1);
      else this.focusPoint();
    }

    removePoint(label) {
      const { skeleton } = this;
      if (!skeleton || skeleton.locked || !skeleton.points[label]) return;
      const next = this.neighbour(label, 1);
      this.change(() => { delete skeleton.points[label]; this.state.label = next || label; }, `${label} removed`);
      this.focusPoint();
    }

    removeSkeleton(index) {
      const skeleton = this.state.skeletons[index];
      if (!skeleton || skeleton.locked) return;
      this.change(() => {
        this.state.skeletons.splice(index, 1);
        this.state.active = within(this.state.active - (index < this.state.active ? 1 : 0), 0, Math.max(0, this.state.skeletons.length - 1));
      }, `${this.nameOf(skeleton, index + 1)} removed`);
      this.setMode("select");
    }

    swap() {
      const { skeleton } = this;
      if (!skeleton || skeleton.locked || !this.pairs.size) return;
      this.change(() => {
        for (const [left, right] of this.pairs) {
          if (sideOf(left) !== "left") continue;
          const a = skeleton.points[left], b = skeleton.points[right];
          // Ids belong to the class, not to the place.
          if (b) skeleton.points[left] = { ...b, id: a ? a.id : undefined }; else delete skeleton.points[left];
          if (a) skeleton.points[right] = { ...a, id: b ? b.id : undefined }; else delete skeleton.points[right];
        }
      }, "left and right swapped");
    }

    // --- choosing -------------------------------------------------------------------------------
    /** Points need a picture to be on, and classes to be of. */
    get workable() { return Boolean(this.classes.length && this.image.naturalWidth); }

    setMode(mode) {
      if (mode !== "select" && !this.workable) return undefined;
      this.mode = mode;
      if (mode === "add" && !this.frame) return this.addSkeleton(null);
      this.layers.ghost.replaceChildren();
      this.updateNote();
      return undefined;
    }

    updateNote() {
      put(this.addButton, { "aria-pressed": String(this.mode === "add"), disabled: !this.workable });
      this.stage.classList.toggle("adding", this.mode === "add");
      this.stage.classList.toggle("placing", this.mode === "place");
      this.note.textContent = this.mode === "add" ? "Drag a box around the object, or click (Enter: in the middle)"
        : this.mode === "place" && this.state.label ? `Click where ${this.state.label} is (Enter: in the middle, A: absent, Esc: stop)` : "";
      if (this.mode !== "select") this.noted(this.note.textContent);
    }

    activate(index, label) {
      this.state.active = index;
      this.state.label = label;
      this.drawAll();
    }

    /** The next placed point in the order of the classes; null where there is no other. */
    neighbour(label, by) {
      const { skeleton } = this;
      if (!skeleton) return null;
      const labels = this.classesOf(skeleton).map((one) => one.label);
      const from = labels.indexOf(label);
      for (let distance = 1; distance < labels.length; distance += 1) {
        const other = labels[(from + by * distance + labels.length * distance) % labels.length];
        const point = skeleton.points[other];
        if (point && point.visibility !== "absent") return other;
      }
      return null;
    }

    step(by) {
      const open = by > 0 && this.skeleton && this.skeleton.points[this.state.label] ? null : this.nextOpen(this.state.label || "");
      const next = open || this.neighbour(this.state.label, by);
      if (!next) return;
      this.activate(this.state.active, next);
      if (this.mode === "place") this.updateNote();
      this.focusPoint();
    }

    next() {
      if (!this.skeleton) return;
      const open = this.nextOpen(this.state.label || "");
      if (!open) { this.step(1); return; }
      this.state.label = open;
      this.setMode("place");
      this.drawAll();
      this.stage.focus();
    }

    focusPoint() {
      const shape = this.skeleton && this.shapes.get(`${this.skeleton.key}\n${this.state.label}`);
      (shape ? shape.node : this.stage).focus({ preventScroll: true });
    }

    // --- pointer --------------------------------------------------------------------------------
    pointerDown(event) {
      if (event.button > 1 || !this.workable) return;
      const target = event.target.closest ? event.target.closest("[data-skeleton]") : null;
      const index = target ? Number(target.dataset.skeleton) : -1;
      const at = this.onImage(event), spot = this.onStage(event);
      this.stage.setPointerCapture(event.pointerId);
      const pan = { kind: "pan", spot, view: { ...this.view } };
      if (event.button === 1) this.gesture = pan;
      else if (this.mode === "add") this.gesture = { kind: "box", at, spot };
      else if (this.mode === "place") this.gesture = { ...pan, kind: "place" };
      else if (target && !this.state.skeletons[index].locked) {
        const label = target.dataset.label || null;
        this.activate(index, label || this.state.label);
        this.gesture = { kind: label ? "point" : "skeleton", at, before: clone(this.state), spot };
        if (label) { event.preventDefault(); this.focusPoint(); }
      } else this.gesture = pan;
      this.stage.classList.toggle("panning", this.gesture.kind === "pan");
    }

    pointerMove(event) {
      const { gesture } = this;
      if (!gesture) return;
      const spot = this.onStage(event), at = this.onImage(event);
      const least = ["point", "skeleton"].includes(gesture.kind) ? NUDGE_PIXELS : CLICK_PIXELS;
      const far = Math.hypot(spot.x - gesture.spot.x, spot.y - gesture.spot.y) >= least;
      gesture.moved = gesture.moved || far;
      if (gesture.kind === "box") this.drawGhost(this.boxOf(gesture.at, at));
      else if (gesture.kind === "pan" || gesture.kind === "place") {
        if (!gesture.moved) return;
        this.view = { ...gesture.view, x: gesture.view.x + spot.x - gesture.spot.x, y: gesture.view.y + spot.y - gesture.spot.y };
        this.fitted = false;
        this.draw();
      } else if (gesture.moved) this.drag(gesture, at);
    }

    drag(gesture, at) {
      const dx = at.x - gesture.at.x, dy = at.y - gesture.at.y;
      const origin = gesture.before.skeletons[this.state.active].points;
      const labels = gesture.kind === "point" ? [this.state.label] : Object.keys(origin);
      for (const label of labels) {
        const from = origin[label];
        if (from.visibility === "absent") continue;
        const to = this.clamp({ x: from.x + dx, y: from.y + dy });
        Object.assign(this.skeleton.points[label], { x: round(to.x), y: round(to.y) });
      }
      gesture.dragged = true;
      this.draw();
    }

    pointerUp(event) {
      const { gesture } = this;
      this.gesture = null;
      this.stage.classList.remove("panning");
      if (!gesture) return;
      const at = this.onImage(event);
      if (gesture.kind === "box") {
        const box = this.boxOf(gesture.at, at);
        this.addSkeleton(gesture.moved ? box : this.boxAround(at));
      } else if (gesture.kind === "place" && !gesture.moved) {
        this.placePoint(at);
      } else if (gesture.dragged) {
        this.past.push(gesture.before);
        this.future = [];
        this.changed(`${gesture.kind === "point" ? this.state.label : "skeleton"} moved`);
      }
    }

    cancelGesture() {
      if (this.gesture && this.gesture.dragged) this.state = this.gesture.before;
      this.gesture = null;
      this.layers.ghost.replaceChildren();
      this.stage.classList.remove("panning");
      this.drawAll();
    }

    boxOf(a, b) {
      return { left: Math.min(a.x, b.x), top: Math.min(a.y, b.y), right: Math.max(a.x, b.x), bottom: Math.max(a.y, b.y) };
    }

    // --- keys -----------------------------------------------------------------------------------
    keyDown(event) {
      const field = event.target.closest("input, select");
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (event.ctrlKey || event.metaKey) {
        if (key === "z") event.shiftKey ? this.redo() : this.undo();
        else if (key === "y") this.redo();
        else return;
        event.preventDefault();
        this.focusPoint();
        return;
      }
      if (event.altKey || (field && !["checkbox"].includes(field.type))) return;
      const onStage = this.stage.contains(event.target);
      const point = event.target.closest(".point");
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const jump = event.shiftKey ? 10 : 1;
      const anywhere = {
        s: () => this.setMode("add") || (this.mode === "add" && this.stage.focus()),
        n: () => (event.shiftKey ? this.step(-1) : this.next()),
        x: () => this.swap(),
        "+": () => this.zoom(ZOOM_STEP), "=": () => this.zoom(ZOOM_STEP),
        "-": () => this.zoom(1 / ZOOM_STEP), "0": () => this.fit(),
        Escape: () => { this.cancelGesture(); this.setMode("select"); },
      };
      const stageOnly = {
        o: () => this.toggle("occluded"),
        a: () => (this.mode === "place" && !this.activePoint() ? this.markAbsent() : this.toggle("absent")),
        Delete: () => (event.shiftKey ? this.removeSkeleton(this.state.active) : this.removePoint(this.state.label)),
        Enter: () => this.enter(),
      };
      stageOnly.Backspace = stageOnly.Delete;
      let action = anywhere[key] || (onStage ? stageOnly[key] : undefined);
      if (onStage && moves[key]) {
        const [dx, dy] = moves[key];
        action = point || this.activePoint() ? () => this.movePoint(dx * jump, dy * jump)
          : () => { this.view.x -= dx * 40; this.view.y -= dy * 40; this.fitted = false; this.draw(); };
      }
      if (!action) return;
      event.preventDefault();
      action();
    }

    enter() {
      if (this.mode === "add") this.addSkeleton(this.boxAround(this.middle));
      else if (this.mode === "place") { this.placePoint(this.middle); this.stage.focus(); }
      else this.step(1);
    }

    markAbsent() {
      const { label } = this.state;
      if (!label || !this.skeleton) return;
      this.setVisibility(label, "absent");
      const open = this.nextOpen(label);
      if (open) this.state.label = open;
      else this.setMode("select");
      this.updateNote();
      this.drawAll();
    }

    // --- drawing --------------------------------------------------------------------------------
    drawAll() {
      this.draw();
      this.drawPanel();
      this.updateNote();
    }

    nameOf(skeleton, number) { return skeleton.name || `Skeleton ${number}`; }

    lineColour(skeleton, index, line) {
      if (skeleton.line) return skeleton.line;
      if (line.color) return line.color;
      if (this.unique) return this.unique[index % this.unique.length];
      // Both sides of a body in a colour of their own: a swap shows at a glance.
      const sides = new Set([sideOf(line.from), sideOf(line.to)]);
      if (sides.size === 1 && sides.has("left")) return LEFT_COLOUR;
      if (sides.size === 1 && sides.has("right")) return RIGHT_COLOUR;
      return MIDDLE_COLOUR;
    }

    draw() {
      const { scale, x, y } = this.view;
      this.image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
      this.stage.classList.toggle("large", scale > 3);
      this.zoomText.textContent = `${Math.round(scale * 100)}%`;
      const radius = Number(this.sizeBox.value);
      this.drawLines(radius);
      this.drawPoints(radius);
      this.drawNames(radius);
      this.drawCrossings(radius);
      this.undoButton.disabled = !this.past.length;
      this.redoButton.disabled = !this.future.length;
      this.swapButton.disabled = !this.skeleton || !this.pairs.size;
    }

    drawLines(radius) {
      const lines = [];
      this.state.skeletons.forEach((skeleton, index) => {
        for (const line of this.rig) {
          const from = skeleton.points[line.from], to = skeleton.points[line.to];
          if (![from, to].every((one) => one && one.visibility !== "absent")) continue;
          const a = this.screen(from), b = this.screen(to);
          const ends = { x1: round(a.x), y1: round(a.y), x2: round(b.x), y2: round(b.y) };
          const idle = index === this.state.active ? "" : " idle";
          const dash = [from, to].some((one) => one.visibility === "occluded") ? "6 5" : null;
          const width = Math.max(2, radius * 0.45);
          lines.push(svg("line", { ...ends, class: `under${idle}`, "stroke-width": width + 2 }),
            svg("line", { ...ends, class: `rig${idle}`, stroke: this.lineColour(skeleton, index, line), "stroke-width": width,
              "stroke-dasharray": dash, "data-from": line.from, "data-to": line.to }),
            svg("line", { ...ends, class: "grip", "stroke-width": 12, "data-skeleton": index }));
        }
      });
      this.layers.lines.replaceChildren(...lines);
    }

    drawPoints(radius) {
      const kept = new Set();
      this.state.skeletons.forEach((skeleton, index) => {
        for (const one of this.classesOf(skeleton)) {
          const point = skeleton.points[one.label];
          if (!point || point.visibility === "absent") continue;
          const key = `${skeleton.key}\n${one.label}`;
          kept.add(key);
          this.drawPoint(this.shapeOf(key), skeleton, index, one, point, radius);
        }
      });
      // Nodes are kept while their point lives, so that the focus stays where it is.
      for (const [key, shape] of this.shapes) {
        if (!kept.has(key)) { shape.node.remove(); this.shapes.delete(key); }
      }
    }

    shapeOf(key) {
      const found = this.shapes.get(key);
      if (found) return found;
      const shape = { reach: svg("circle", { class: "reach" }), halo: svg("circle", { class: "halo" }), dot: svg("circle"), name: svg("text") };
      shape.node = svg("g", { class: "point", role: "button" }, shape.reach, shape.halo, shape.dot, shape.name);
      shape.node.addEventListener("focus", () => {
        const index = Number(shape.node.dataset.skeleton), { label } = shape.node.dataset;
        if (this.gesture || (index === this.state.active && label === this.state.label)) return;
        this.activate(index, label);
      });
      this.shapes.set(key, shape);
      this.layers.points.append(shape.node);
      return shape;
    }

    drawPoint(shape, skeleton, index, one, point, radius) {
      const at = this.screen(point), place = { cx: round(at.x), cy: round(at.y) };
      const active = index === this.state.active, chosen = active && one.label === this.state.label;
      const fill = skeleton.fill || (this.unique ? this.unique[index % this.unique.length] : one.color);
      const hidden = point.visibility === "occluded";
      put(shape.node, {
        class: `point${chosen ? " active" : ""}${active ? "" : " idle"}`, tabindex: active && !skeleton.locked ? 0 : -1,
        "data-skeleton": index, "data-label": one.label,
        "aria-label": `${one.label}, ${point.visibility}, x ${round(point.x)}, y ${round(point.y)}, ${this.nameOf(skeleton, index + 1)}`,
      });
      put(shape.reach, { ...place, r: radius + 5 });
      put(shape.halo, { ...place, r: radius + 4 });
      put(shape.dot, { ...place, r: radius, fill: hidden ? "#0008" : fill, stroke: hidden ? fill : "#fff",
        "stroke-width": hidden ? 3 : 1.5, "stroke-dasharray": hidden ? "3 2" : null });
    }

    /** Names outside of the active skeleton; one that would cover another is left out. */
    drawNames(radius) {
      for (const shape of this.shapes.values()) put(shape.name, { hidden: true });
      const { skeleton } = this;
      if (!skeleton || !this.namesBox.checked) return;
      const shown = this.classesOf(skeleton).map((one) => one.label)
        .filter((label) => skeleton.points[label] && skeleton.points[label].visibility !== "absent");
      const spots = new Map(shown.map((label) => [label, this.screen(skeleton.points[label])]));
      const xs = [...spots.values()].map((spot) => spot.x);
      const centre = (Math.min(...xs) + Math.max(...xs)) / 2, taken = [];
      shown.sort((a, b) => (b === this.state.label) - (a === this.state.label));
      for (const label of shown) {
        const spot = spots.get(label), before = spot.x < centre, wide = label.length * 6.6;
        const x = before ? spot.x - radius - 6 : spot.x + radius + 6;
        const box = { left: before ? x - wide : x, right: before ? x : x + wide, y: spot.y };
        if (taken.some((other) => Math.abs(other.y - box.y) < 12 && other.left < box.right && box.left < other.right)) continue;
        taken.push(box);
        const { name } = this.shapes.get(`${skeleton.key}\n${label}`);
        put(name, { x: round(x), y: round(spot.y + 4), "text-anchor": before ? "end" : "start", hidden: false });
        if (name.textContent !== label) name.textContent = label;
      }
    }

    /** Lines of one side that cross the same lines of the other. */
    swapped(skeleton) {
      const found = [];
      for (const line of this.rig) {
        if (sideOf(line.from) !== "left" || sideOf(line.to) !== "left") continue;
        const twin = this.rig.find((other) => {
          const ends = [other.from, other.to];
          return ends.includes(this.pairs.get(line.from)) && ends.includes(this.pairs.get(line.to));
        });
        const points = twin ? [line.from, line.to, twin.from, twin.to].map((label) => skeleton.points[label]) : [];
        if (points.length !== 4 || !points.every((one) => one && one.visibility !== "absent")) continue;
        const at = crossing(...points);
        if (at) found.push({ at, line, twin });
      }
      return found;
    }

    drawCrossings(radius) {
      const { skeleton } = this, marks = [];
      const found = skeleton ? this.swapped(skeleton) : [];
      for (const { at } of found) {
        const spot = this.screen(at);
        marks.push(svg("circle", { class: "cross", cx: round(spot.x), cy: round(spot.y), r: radius + 8 }));
      }
      this.layers.marks.replaceChildren(...marks);
      const text = found.map(({ line, twin }) => `${line.from} \u2013 ${line.to} crosses ${twin.from} \u2013 ${twin.to}`).join("; ");
      if (this.swapText === text) return;
      this.swapText = text;
      this.swapNote.hidden = !text;
      this.swapNote.replaceChildren(...(text ? [html("p", {}, html("strong", {}, "Left and right swapped? "), `${text}. Crossed limbs are fine if they are so in the picture.`),
        html("button", { type: "button", onclick: () => this.swap() }, "Swap left/right")] : []));
    }

    drawGhost(box) {
      const a = this.screen({ x: box.left, y: box.top }), b = this.screen({ x: box.right, y: box.bottom });
      const parts = [svg("rect", { x: a.x, y: a.y, width: b.x - a.x, height: b.y - a.y })];
      const wide = this.frame.right - this.frame.left, high = this.frame.bottom - this.frame.top;
      const spot = new Map(this.classes.map((one) => [one.label, {
        x: a.x + (b.x - a.x) * (wide ? (one.x - this.frame.left) / wide : 0.5),
        y: a.y + (b.y - a.y) * (high ? (one.y - this.frame.top) / high : 0.5),
      }]));
      for (const line of this.rig) {
        const from = spot.get(line.from), to = spot.get(line.to);
        parts.push(svg("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, stroke: line.color || "#fff", "stroke-width": 2, opacity: 0.8 }));
      }
      for (const one of this.classes) parts.push(svg("circle", { cx: spot.get(one.label).x, cy: spot.get(one.label).y, r: 4, fill: one.color }));
      this.layers.ghost.replaceChildren(...parts);
    }

    drawPanel() {
      const held = this.shadowRoot.activeElement;
      const focused = held && held.dataset ? held.dataset.key : undefined;
      this.skeletonList.replaceChildren(...this.state.skeletons.map((skeleton, index) => {
        const name = this.nameOf(skeleton, index + 1);
        const placed = this.classes.filter((one) => skeleton.points[one.label]).length;
        return html("li", {},
          html("button", { type: "button", "aria-pressed": String(index === this.state.active), "data-key": `skeleton ${index}`,
            onclick: () => { this.activate(index, this.state.label); this.setMode("select"); } }, `${name} \u00b7 ${placed}/${this.classes.length}${skeleton.locked ? " (locked)" : ""}`),
          html("button", { type: "button", title: `Remove ${name}`, "aria-label": `Remove ${name}`, disabled: skeleton.locked,
            onclick: () => this.removeSkeleton(index) }, "\u2715"));
      }));
      if (!this.state.skeletons.length) this.skeletonList.append(html("li", {}, "None yet. Press \u201cNew skeleton\u201d."));
      const { skeleton } = this;
      this.pointTitle.textContent = skeleton ? `Points of ${this.nameOf(skeleton, this.state.active + 1)}` : "Points";
      this.pointList.replaceChildren(...(skeleton ? this.classesOf(skeleton).map((one) => this.pointRow(skeleton, one)) : []));
      if (focused) {
        const again = [...this.shadowRoot.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focused);
        if (again) again.focus({ preventScroll: true });
      }
      this.showRow(this.pointList.querySelector(".active"));
    }

    /** Scrolls the list only: the page around it stays where it is. */
    showRow(row) {
      const list = this.pointList.parentNode;
      if (!row) return;
      const box = list.getBoundingClientRect(), at = row.getBoundingClientRect();
      if (at.top < box.top) list.scrollTop -= box.top - at.top;
      else if (at.bottom > box.bottom) list.scrollTop += at.bottom - box.bottom;
    }

    pointRow(skeleton, one) {
      const point = skeleton.points[one.label], status = point ? point.visibility : "open";
      const chosen = one.label === this.state.label;
      const dot = html("span", { class: "dot" });
      dot.style.background = one.color;
      const choices = [["open", "not placed"], ...VISIBILITIES.map((value) => [value, value])];
      const select = html("select", { "aria-label": `State of ${one.label}`, disabled: skeleton.locked, "data-key": `state ${one.label}`,
        onchange: () => this.setVisibility(one.label, select.value) },
      ...choices.map(([value, text]) => html("option", { value, selected: value === status }, text)));
      return html("li", { class: `${chosen ? "active " : ""}${status}` },
        html("button", { type: "button", class: "name", title: point ? `Choose ${one.label}` : `Place ${one.label}`, "data-key": `point ${one.label}`,
          onclick: (event) => this.choose(one.label, event.detail === 0) }, dot, html("span", {}, one.label)),
        select,
        html("button", { type: "button", class: "remove", title: `Remove ${one.label}`, "aria-label": `Remove ${one.label}`,
          disabled: !point || skeleton.locked, onclick: () => this.removePoint(one.label) }, "\u2715"));
    }

    choose(label, byKey) {
      const { skeleton } = this;
      this.state.label = label;
      const point = skeleton.points[label], shown = point && point.visibility !== "absent";
      if (shown || skeleton.locked) {
        this.setMode("select");
        this.drawAll();
        this.focusPoint();
      } else if (byKey) {
        this.placePoint(this.middle);
        this.focusPoint();
      } else {
        this.setMode("place");
        this.drawAll();
        this.stage.focus({ preventScroll: true });
      }
    }
  }

  customElements.define("crowd-2d-skeleton", CrowdSkeleton);
})();
