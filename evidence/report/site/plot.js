/* The forest plot: an SVG made of what the page computed; text is set as text, never as markup. */
const Plot = (() => {
  const NS = "http://www.w3.org/2000/svg";
  const WIDTH = 960, LEFT = 235, RIGHT = 690, ROW = 27, TOP = 30;
  const RATIOS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100];

  function make(name, attributes, parent, text) {
    const element = document.createElementNS(NS, name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  }

  const short = (text) => (text.length > 32 ? `${text.slice(0, 31)}…` : text);

  // Pooled marks whole; trials as far as they leave the rest readable.
  function limits(lines, nothing) {
    const ends = nothing === null ? [] : [nothing];
    lines.filter((x) => x.kind !== "trial").forEach((x) => ends.push(x.low, x.high));
    const trials = lines.filter((x) => x.kind === "trial");
    trials.forEach((x) => ends.push(x.estimate));
    const [a, b] = [Math.min(...ends), Math.max(...ends)], reach = b - a || 1;
    trials.forEach((x) => [x.low, x.high].forEach((end) => {
      if (end >= a - reach && end <= b + reach) ends.push(end);
    }));
    const [low, high] = [Math.min(...ends), Math.max(...ends)], room = 0.06 * (high - low || 1);
    return [low - room, high + room];
  }

  function roundTicks(low, high, count) {
    const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((x) => x >= raw * 0.999);
    let digits = 0;
    while (digits < 20 && Math.abs(Number(step.toFixed(digits)) - step) > 1e-9 * step) digits++;
    const places = [];
    for (let i = Math.ceil(low / step); i * step <= high; i++) places.push(i * step);
    return places.map((x) => [x, Engine.number(x, digits)]);
  }

  function ticks(low, high, scale, ratio) {
    if (scale === "identity") return roundTicks(low, high, 5);
    if (scale === "log") {
      let inside = RATIOS.filter((x) => low <= Math.log(x) && Math.log(x) <= high);
      if (inside.length < 3 && ratio) inside = Array.from({ length: 30 }, (_, i) => (i + 1) / 10).filter((x) => low <= Math.log(x) && Math.log(x) <= high);
      while (inside.length > 8) inside = inside.filter((x, i) => i % 2 === 0 || x === 1);
      if (inside.length >= 2) return inside.map((x) => [Math.log(x), String(x)]);
    }
    const back = { log: Math.log, logit: (x) => Math.log(x / (1 - x)), fisher_z: Math.atanh }[scale];
    const ends = [low, high].map((x) => Engine.toReaders(x, scale));
    return roundTicks(ends[0], ends[1], 5)
      .map(([x, words]) => [back(x), words]).filter(([x]) => Number.isFinite(x));
  }

  function mark(line, x, y, row) {
    const clip = (value) => Math.min(Math.max(x(value), LEFT), RIGHT);
    const [a, b, at] = [clip(line.low), clip(line.high), clip(line.estimate)];
    if (line.kind === "pooled") {
      make("path", { class: "diamond", d: `M${a} ${y}L${at} ${y - 8}L${b} ${y}L${at} ${y + 8}Z` }, row);
      return;
    }
    const style = { trial: "ink", bayes: "bayes", borrowed: "lent", prediction: "ink", ghost: "ghost" }[line.kind];
    make("path", { class: style, d: `M${a} ${y}L${b} ${y}` }, row);
    if (x(line.low) < LEFT) make("path", { class: style, d: `M${LEFT + 6} ${y - 4}L${LEFT} ${y}L${LEFT + 6} ${y + 4}` }, row);
    if (x(line.high) > RIGHT) make("path", { class: style, d: `M${RIGHT - 6} ${y - 4}L${RIGHT} ${y}L${RIGHT - 6} ${y + 4}` }, row);
    if (line.kind === "prediction") {
      [a, b].forEach((end) => make("path", { class: "ink", d: `M${end} ${y - 5}L${end} ${y + 5}` }, row));
    } else if (line.kind === "trial") {
      if (x(line.estimate) < LEFT || x(line.estimate) > RIGHT) return;
      const half = 3 + 6 * Math.sqrt(line.share);
      make("rect", { class: "square", x: at - half, y: y - half, width: 2 * half, height: 2 * half }, row);
    } else if (line.kind !== "ghost") {
      make("circle", { class: line.kind === "bayes" ? "bayes-dot" : "lent-dot", cx: at, cy: y, r: 4 }, row);
    }
  }

  // lines: kind, label, href, text, tip, estimate, low, high, share, out, trace.
  function draw(holder, lines, view, { tip, trace }) {
    const [low, high] = view.limits, foot = TOP + ROW * lines.length;
    const x = (value) => LEFT + ((value - low) / (high - low)) * (RIGHT - LEFT);
    const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${foot + 62}`, role: "group", "aria-label": view.label });
    make("text", { x: 4, y: 18, class: "muted" }, svg, view.head);
    make("text", { x: WIDTH - 4, y: 18, class: "muted", "text-anchor": "end" }, svg, view.measure);
    const under = make("g", {}, svg);
    lines.forEach((line, i) => {
      const y = TOP + ROW * i + ROW / 2, row = make("g", { class: line.out ? "row out" : "row" }, svg);
      make("rect", { class: "back", x: 0, y: y - ROW / 2, width: WIDTH, height: ROW }, row);
      const named = line.href
        ? make("a", { href: line.href, "aria-label": `${line.label}: the trial's page` }, row) : row;
      make("text", { x: 4, y: y + 4.5 }, named, short(line.label));
      mark(line, x, y, row);
      const attributes = line.trace === undefined ? {} : { class: "press", role: "button", tabindex: 0, "aria-label": `${line.label}, ${line.text}: trace` };
      const number = make("g", attributes, row);
      make("text", { x: WIDTH - 4, y: y + 4.5, "text-anchor": "end" }, number, line.text);
      if (line.trace !== undefined) {
        number.addEventListener("click", () => trace(line.trace));
        number.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          trace(line.trace);
        });
      }
      row.addEventListener("mouseenter", () => tip(line.tip));
      row.addEventListener("focusin", () => tip(line.tip));
      row.addEventListener("mouseleave", () => tip(""));
      row.addEventListener("focusout", () => tip(""));
    });
    if (view.nothing !== null) make("path", { class: "null", d: `M${x(view.nothing)} ${TOP - 4}L${x(view.nothing)} ${foot}` }, under);
    if (view.pooled !== null) make("path", { class: "at", d: `M${x(view.pooled)} ${TOP - 4}L${x(view.pooled)} ${foot}` }, under);
    make("path", { class: "axis", d: `M${LEFT} ${foot}L${RIGHT} ${foot}` }, svg);
    ticks(low, high, view.scale, view.nothing !== null).forEach(([place, words]) => {
      make("path", { class: "axis", d: `M${x(place)} ${foot}L${x(place)} ${foot + 5}` }, svg);
      make("text", { x: x(place), y: foot + 20, "text-anchor": "middle" }, svg, words);
    });
    const middle = view.nothing === null ? (LEFT + RIGHT) / 2 : x(view.nothing);
    make("text", { x: Math.min(middle, RIGHT - 120) - 8, y: foot + 44, class: "muted", "text-anchor": "end" }, svg, view.favours[0] && `← ${view.favours[0]}`);
    make("text", { x: Math.max(middle, LEFT + 120) + 8, y: foot + 44, class: "muted" }, svg, view.favours[1] && `${view.favours[1]} →`);
    holder.replaceChildren(svg);
  }

  return { draw, limits };
})();
