/* A question's page: the choices, the plot and the table, which always say the same. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const live = document.getElementById("live");
  if (!live) return;
  const find = (id) => document.getElementById(id);
  const rows = data.rows, declared = data.declared, prior = data.prior, borrow = data.borrow;
  const say = (x) => Engine.number(Engine.toReaders(x, data.scale), data.decimals);
  const range = (low, high) => `${say(low)} to ${say(high)}`;
  const text = (estimate, low, high) => `${say(estimate)} (${range(low, high)})`;
  const figures = (x, digits = 3) => (x === 0 ? "0" : Number(x.toPrecision(digits)).toString().replace("-", "\u2212"));
  const share = (p) => (p > 0.99 && p < 1 ? "> 99 %" : p > 0 && p < 0.01 ? "< 1 %" : `= ${Engine.number(100 * p, 0)} %`);
  const pText = (p) => (p < 0.0001 ? "P < 0.0001" : `P = ${p >= 0.1 ? Engine.number(p, 2) : figures(p, 2)}`);
  const unit = data.unit ? ` ${data.unit}` : "";
  const chosen = (id, otherwise) => (find(id) ? find(id).value : otherwise);
  const z = Engine.critical(data.level, Infinity);

  function start() {
    rows.forEach((_, i) => { find(`use-${i}`).checked = true; });
    if (declared && find("model")) ["model", "tau2", "ci"].forEach((id) => { find(id).value = declared[id]; });
    if (prior) { find("scale").value = String(prior.tau.scale); find("scale-slide").value = "0"; }
    if (borrow) find("discount").value = String(borrow.discount);
  }

  function state() {
    const use = rows.map((_, i) => find(`use-${i}`).checked);
    const model = chosen("model", "random");
    return {
      use,
      kept: rows.filter((_, i) => use[i]),
      model,
      tau2: chosen("tau2", "reml"),
      ci: chosen("ci", "hartung_knapp_floored"),
      scale: prior ? Number(find("scale").value) : null,
      discount: borrow ? Number(find("discount").value) : null,
    };
  }

  // The estimator and the Hartung-Knapp intervals belong to random effects.
  function fit(now) {
    const random = now.model === "random";
    const ci = !random && now.ci.startsWith("hartung") ? "wald" : now.ci;
    const options = { model: now.model, tau2: now.tau2, ci, level: data.level };
    return { ...Engine.pool(now.kept.map((r) => r.y), now.kept.map((r) => r.s ** 2), options), ci };
  }

  const named = (id, value) => {
    const option = find(id) && [...find(id).options].find((x) => x.value === value);
    return option ? option.textContent : value;
  };

  function compute(now) {
    const found = { now, pooled: null, bayes: null, borrowed: null, why: [] };
    const attempt = (name, run) => {
      try { found[name] = run(); } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        found.why.push(error.message);
      }
    };
    if (rows.length && !now.kept.length) found.why.push("every trial is left out");
    if (now.kept.length) attempt("pooled", () => fit(now));
    const scaled = now.scale > 0 && Number.isFinite(now.scale);
    if (prior && !scaled) found.why.push("the scale of the prior has to be a number above 0");
    const y = now.kept.map((r) => r.y), s = now.kept.map((r) => r.s);
    if (prior && scaled && now.kept.length) {
      attempt("bayes", () => Engine.bayes(y, s, { mu: prior.mu, tau: { scale: now.scale } }, { level: data.level }));
    }
    if (borrow) {
      const scale = prior && scaled ? now.scale : borrow.prior.tau.scale;
      const priors = { mu: borrow.prior.mu, tau: { scale } }, options = { level: borrow.level, threshold: borrow.threshold };
      attempt("borrowed", () => (borrow.method === "power"
        ? Engine.powerPrior({ y, s }, borrow.source, priors, now.discount, options)
        : Engine.predicted(borrow.source, priors, borrow.vague, now.discount, options)));
    }
    return found;
  }

  const first = (() => { start(); return compute(state()); })();

  function method(found) {
    const fitted = found.pooled, model = fitted.model;
    if (model === "single") return "a single trial, nothing was pooled; Wald z";
    const how = model === "random" ? `random effects, τ² by ${named("tau2", found.now.tau2)}` : "common effect";
    return `${how}; interval: ${named("ci", fitted.ci)}`;
  }

  function trialLines(found) {
    const shares = new Map(), kept = found.now.kept;
    if (found.pooled) kept.forEach((r, i) => shares.set(r, found.pooled.weights[i]));
    const largest = Math.max(...shares.values(), 1e-300);
    return rows.map((r, i) => {
      const [low, high] = [r.y - z * r.s, r.y + z * r.s], out = !found.now.use[i];
      const weight = shares.has(r) ? Engine.number(shares.get(r), 1) : "";
      const told = out ? "left out" : weight ? `weight ${weight} %` : "";
      return {
        kind: "trial", label: r.label, href: `../studies/${r.study}.html`, estimate: r.y, low, high, out,
        text: text(r.y, low, high), weight, share: shares.has(r) ? shares.get(r) / largest : 0.2,
        tip: `${r.label}: ${text(r.y, low, high)}${unit}${told ? `; ${told}` : ""}`, trace: `trace-${i}`,
      };
    });
  }

  function resultLines(found) {
    const lines = [], { pooled, bayes, borrowed } = found;
    const add = (kind, label, estimate, low, high, tip, more = {}) => lines.push({
      kind, label, estimate, low, high, text: text(estimate, low, high),
      tip: `${label}: ${more.text || text(estimate, low, high)}${unit}; ${tip}`, ...more,
    });
    if (pooled && pooled.k > 1) {
      add("pooled", "Pooled", pooled.estimate, pooled.ci_low, pooled.ci_high, method(found), { trace: "trace-pooled" });
      if (pooled.prediction) {
        add("prediction", "A new trial", pooled.estimate, pooled.prediction.low, pooled.prediction.high, `prediction interval, t with ${pooled.prediction.df} df`, { text: range(pooled.prediction.low, pooled.prediction.high) });
      }
    }
    if (bayes) {
      add("bayes", "Bayes, mean", bayes.mu.median, bayes.mu.ci_low, bayes.mu.ci_high, `half-normal(${figures(found.now.scale, 6)}) prior of τ`);
    }
    if (borrowed) {
      const what = borrow.method === "power" ? "discount" : "weight";
      add("borrowed", "With what is borrowed", borrowed.median, borrowed.ci_low, borrowed.ci_high, `${what} ${figures(found.now.discount)} of ${borrow.people}`);
    }
    return lines;
  }

  function sentences(found) {
    const { pooled, bayes, borrowed, now } = found, told = [];
    if (pooled) {
      const heterogeneity = pooled.tau2 === null ? "" : `; τ² = ${figures(pooled.tau2)}, I² = ${Engine.number(pooled.i2, 0)} %`;
      const test = data.null === null ? "" : `; ${pText(pooled.p)}`;
      told.push(["main", `${data.measure[0].toUpperCase()}${data.measure.slice(1)} ${say(pooled.estimate)}${unit} (${data.levelText} CI ${range(pooled.ci_low, pooled.ci_high)})${test}`]);
      told.push(["", `${method(found)}; ${pooled.k} of ${rows.length} trial${rows.length === 1 ? "" : "s"}${heterogeneity}`]);
    }
    if (bayes) {
      const below = data.event ? `; P(${data.event}) ${share(bayes.mu.probability_below)}` : "";
      told.push(["", `Bayes: ${text(bayes.mu.median, bayes.mu.ci_low, bayes.mu.ci_high)}${unit}${below}; τ ${figures(bayes.tau.median)} (${figures(bayes.tau.ci_low)} to ${figures(bayes.tau.ci_high)})`]);
    }
    if (borrowed) {
      told.push(["", `With what is borrowed from ${borrow.people}: ${text(borrowed.median, borrowed.ci_low, borrowed.ci_high)}${unit}`]);
    }
    found.why.forEach((why) => told.push(["", `Not computed: ${why}.`]));
    const moved = JSON.stringify({ ...now, kept: 0 }) !== JSON.stringify({ ...first.now, kept: 0 });
    if (moved && first.pooled) {
      const { estimate, ci_low, ci_high } = first.pooled;
      told.push(["small", `As declared: ${text(estimate, ci_low, ci_high)}${unit}.`]);
    }
    return [told, moved];
  }

  function tell(found) {
    const [told, moved] = sentences(found), box = find("result");
    box.classList.toggle("moved", moved);
    box.replaceChildren(...told.map(([style, words]) => {
      const line = document.createElement("p");
      if (style) line.className = style;
      line.textContent = words;
      return line;
    }));
  }

  function table(found, trials, results) {
    trials.forEach((line, i) => {
      find(`row-${i}`).classList.toggle("out", line.out);
      find(`row-${i}`).querySelector(".weight").textContent = line.out ? "left out" : line.weight;
    });
    const made = document.querySelectorAll("#trace-pooled li");
    made.forEach((item, i) => {
      item.hidden = trials[i].out;
      item.querySelector(".weight").textContent = trials[i].weight;
    });
    const pooled = find("line-pooled");
    if (pooled) {
      const words = found.pooled ? text(found.pooled.estimate, found.pooled.ci_low, found.pooled.ci_high) : "not computed";
      const how = found.pooled ? method(found) : "";
      pooled.querySelector(".number").textContent = words;
      pooled.querySelector(".what").textContent = how;
      document.querySelector("#trace-pooled .pooled-number").textContent = words;
      document.querySelector("#trace-pooled .pooled-what").textContent = how[0] ? how[0].toUpperCase() + how.slice(1) : "";
    }
    ["prediction", "bayes", "borrowed"].forEach((kind) => {
      const row = find(`line-${kind}`), line = results.find((x) => x.kind === kind);
      if (!row) return;
      row.hidden = !line;
      if (!line) return;
      row.querySelector(".value").textContent = line.text;
      row.querySelector(".what").textContent = line.tip.slice(line.tip.indexOf("; ") + 2);
    });
  }

  const tip = (words) => { find("tip").hidden = !words; find("tip").textContent = words; };

  // The trace as a dialog; numbers within it open their own.
  function trace(id) {
    const source = find(id), dialog = find("dialog");
    if (!source) return;
    find("dialog-title").textContent = source.querySelector("summary").textContent;
    const copy = source.querySelector(".trace-body").cloneNode(true);
    copy.querySelectorAll("[id]").forEach((x) => x.removeAttribute("id"));
    find("dialog-body").replaceChildren(copy);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  let seen = null;
  function render() {
    const found = compute(state()), trials = trialLines(found), results = resultLines(found);
    const lines = [...trials, ...results], now = Plot.limits(lines, data.null);
    // The axis only ever grows, so that what moves is the result.
    seen = seen === null ? now : [Math.min(seen[0], now[0]), Math.max(seen[1], now[1])];
    const view = {
      limits: seen, scale: data.scale, nothing: data.null, favours: data.favours, head: "Trial",
      measure: `${data.measure}${data.unit ? `, ${data.unit}` : ""}, ${data.levelText}`,
      pooled: found.pooled && found.pooled.k > 1 ? found.pooled.estimate : null,
      label: `Forest plot of ${rows.length} trials`,
    };
    Plot.draw(find("plot"), lines, view, { tip, trace });
    table(found, trials, results);
    tell(found);
    if (find("tau2")) find("tau2").disabled = found.now.model !== "random";
    if (borrow) find("discount-value").textContent = figures(found.now.discount);
    return found;
  }

  // Several events of one moment are answered once.
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; render(); }, 0);
  };

  live.hidden = false;
  document.querySelectorAll(".with-script").forEach((x) => { x.hidden = false; });
  find("choices").addEventListener("submit", (event) => event.preventDefault());
  find("choices").addEventListener("input", (event) => {
    if (event.target.id === "scale-slide") {
      find("scale").value = String(Number((prior.tau.scale * 10 ** Number(event.target.value)).toPrecision(4)));
    }
    if (event.target.id === "scale") {
      const power = Math.log10(Number(event.target.value) / prior.tau.scale);
      if (Number.isFinite(power)) find("scale-slide").value = String(power);
    }
    soon();
  });
  find("reset").addEventListener("click", () => { start(); seen = null; render(); });
  document.querySelectorAll("#trials input[type=checkbox]").forEach((box) => box.addEventListener("change", soon));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.number");
    if (!link) return;
    event.preventDefault();
    trace(link.getAttribute("href").slice(1));
  });
  find("dialog-close").addEventListener("click", () => find("dialog").close());
  render();
})();
