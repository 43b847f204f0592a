/* Meta-analysis in the page: the same definitions as evidence.models, and tested against them.
   Pure functions; y are estimates, v their variances, s their standard errors, k = y.length. */
"use strict";
const Engine = (() => {
  const SQRT2 = Math.SQRT2, SQRT_PI = Math.sqrt(Math.PI), LOG_2PI = Math.log(2 * Math.PI);
  const sum = (a) => a.reduce((total, x) => total + x, 0);
  const dot = (a, b) => a.reduce((total, x, i) => total + x * b[i], 0);
  const least = (a) => a.reduce((m, x) => Math.min(m, x), Infinity);
  const most = (a) => a.reduce((m, x) => Math.max(m, x), -Infinity);

  /* Distributions */

  // Series about 0 (all terms positive), continued fraction further out.
  function erfc(x) {
    const z = Math.abs(x);
    if (z > 27.3) return x > 0 ? 0 : 2;
    let upper;
    if (z < 2.2) {
      let term = z, total = z;
      for (let n = 1; term > 1e-18 * total; n++) {
        term *= (2 * z * z) / (2 * n + 1);
        total += term;
      }
      const inner = (2 / SQRT_PI) * Math.exp(-z * z) * total;
      return x < 0 ? 1 + inner : 1 - inner;
    }
    let f = 0;
    for (let n = z > 6 ? 40 : 120; n > 0; n--) f = n / 2 / (z + f);
    upper = Math.exp(-z * z) / SQRT_PI / (z + f);
    return x < 0 ? 2 - upper : upper;
  }

  const normalCdf = (x) => 0.5 * erfc(-x / SQRT2);
  const normalDensity = (x) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

  // Bisection down to neighbouring floating-point numbers: `above` says where the root is not yet.
  function bisect(above, low, high) {
    for (let i = 0; i < 1100; i++) {
      const middle = low + (high - low) / 2;
      if (middle <= low || middle >= high) break;
      if (above(middle)) low = middle; else high = middle;
    }
    return low + (high - low) / 2;
  }

  function normalQuantile(p) {
    if (p === 0.5) return 0;
    const tail = Math.min(p, 1 - p);
    const found = bisect((x) => 0.5 * erfc(x / SQRT2) > tail, 0, 39);
    return p < 0.5 ? -found : found;
  }

  // Regularised incomplete beta function by Lentz' continued fraction; y = 1 - x, both exact.
  function betaFraction(x, a, b) {
    const tiny = 1e-300;
    let c = 1, d = 1 - ((a + b) * x) / (a + 1);
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    let f = d;
    for (let m = 1; m < 2000; m++) {
      for (const n of [
        (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
        (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
      ]) {
        d = 1 + n * d;
        d = 1 / (Math.abs(d) < tiny ? tiny : d);
        c = 1 + n / c;
        if (Math.abs(c) < tiny) c = tiny;
        f *= d * c;
        if (n !== 0 && Math.abs(d * c - 1) < 1e-16) return f;
      }
    }
    return f;
  }

  // 1 / B(df / 2, 1 / 2) for whole df, by its recursion.
  function inverseBeta(df) {
    let value = df % 2 ? 1 / Math.PI : 0.5;
    for (let n = df % 2 ? 1 : 2; n < df; n += 2) value *= (n + 1) / n;
    return value;
  }

  // P(|T| > |t|) of Student's t with whole df; infinite df: of the normal.
  function twoSidedP(t, df) {
    const z = Math.abs(t);
    if (df === Infinity) return erfc(z / SQRT2);
    if (z === 0) return 1;
    const x = df / (df + z * z), y = 1 / (1 + df / (z * z)), a = df / 2, b = 0.5;
    const front = Math.exp(a * Math.log(x) + b * Math.log(y)) * inverseBeta(df);
    return x < (a + 1) / (a + b + 2)
      ? (front * betaFraction(x, a, b)) / a
      : 1 - (front * betaFraction(y, b, a)) / b;
  }

  function critical(level, df) {
    if (df === Infinity) return normalQuantile(0.5 + level / 2);
    let high = 2;
    while (twoSidedP(high, df) > 1 - level) high *= 2;
    return bisect((t) => twoSidedP(t, df) > 1 - level, 0, high);
  }

  // Upper tail of chi-squared with whole df, by its finite sum.
  function chi2Upper(x, df) {
    if (x <= 0) return 1;
    let total = 0;
    if (df % 2 === 0) {
      let term = Math.exp(-x / 2);
      for (let j = 0; j < df / 2; j++) { total += term; term *= x / 2 / (j + 1); }
      return total;
    }
    let term = 2 * normalDensity(Math.sqrt(x)) * Math.sqrt(x);
    for (let j = 1; j < df; j += 2) { total += term; term *= x / (j + 2); }
    return erfc(Math.sqrt(x / 2)) + total;
  }

  const chi2Median = (df) => bisect((x) => chi2Upper(x, df) > 0.5, 0, 4 * df + 4);

  /* Between-trial variance */

  function centred(y) {
    const first = least(y), above = y.map((x) => x - first), mean = sum(above) / y.length;
    return above.map((x) => x - mean);
  }

  // Generalised Q at tau2, and the weighted mean of y (which is centred).
  function generalisedQ(y, v, tau2) {
    const w = v.map((x) => 1 / (x + tau2)), mean = dot(w, y) / sum(w);
    return y.reduce((total, x, i) => total + w[i] * (x - mean) ** 2, 0);
  }

  function qRoot(y, v, c) {
    if (generalisedQ(y, v, 0) <= c) return 0;
    return bisect((t) => generalisedQ(y, v, t) > c, 0, (1.0001 * sum(y.map((x) => x * x))) / c);
  }

  // Twice the slope of the (restricted) log-likelihood in tau2.
  function score(y, v, t, restricted) {
    const w = v.map((x) => 1 / (x + t)), s1 = sum(w), mean = dot(w, y) / s1;
    const pull = y.reduce((total, x, i) => total + (w[i] * (x - mean)) ** 2, 0);
    return pull - (restricted ? s1 - dot(w, w) / s1 : s1);
  }

  function logLikelihood(y, v, t, restricted) {
    const total = v.map((x) => x + t);
    const body = sum(total.map(Math.log)) + generalisedQ(y, v, t);
    return -0.5 * (body + (restricted ? Math.log(sum(total.map((x) => 1 / x))) : 0));
  }

  // Highest of all maxima on tau2 >= 0: the slope is looked at every 1 % of tau2 + least variance.
  function likelihoodMaximum(y, v, restricted) {
    const smallest = least(v), s2 = dot(y, y) / (y.length - 1);
    const top = 1.01 * (s2 + Math.sqrt(s2 * most(v)));
    const reach = Math.log1p(Math.max(top / smallest, 1));
    const cells = Math.ceil(Math.max(64, reach / 0.01));
    const slope = (t) => score(y, v, t, restricted);
    let best = null, height = -Infinity, left = 0, above = slope(0) > 0;
    if (!above) { best = 0; height = logLikelihood(y, v, 0, restricted); }
    for (let i = 1; i <= cells; i++) {
      const right = smallest * Math.expm1((reach * i) / cells), up = slope(right) > 0;
      if (above && !up) {
        const peak = bisect((t) => slope(t) > 0, left, right);
        const reached = logLikelihood(y, v, peak, restricted);
        if (reached > height) { best = peak; height = reached; }
      }
      left = right;
      above = up;
    }
    if (best === null) throw new RangeError("the between-trial variance was not found");
    return best;
  }

  // Moment estimators: the quadratic form with weights a equals its mean.
  function form(y, a) {
    const mean = dot(a, y) / sum(a);
    return y.reduce((total, x, i) => total + a[i] * (x - mean) ** 2, 0);
  }

  function fromForm(y, v, a) {
    const total = sum(a), trace = dot(a, v) - sum(a.map((x, i) => x * x * v[i])) / total;
    return Math.max(0, (form(y, a) - trace) / (total - dot(a, a) / total));
  }

  const inverse = (v) => v.map((x) => 1 / x);
  const ESTIMATORS = {
    reml: (y, v) => likelihoodMaximum(y, v, true),
    maximum_likelihood: (y, v) => likelihoodMaximum(y, v, false),
    paule_mandel: (y, v) => qRoot(y, v, y.length - 1),
    paule_mandel_median: (y, v) => qRoot(y, v, chi2Median(y.length - 1)),
    // The fixed point of both has generalised Q = k - 1, which has one solution.
    empirical_bayes: (y, v) => qRoot(y, v, y.length - 1),
    dersimonian_laird_iterated: (y, v) => qRoot(y, v, y.length - 1),
    dersimonian_laird: (y, v) => {
      const w = inverse(v), total = sum(w), slope = total - dot(w, w) / total;
      return Math.max(0, (form(y, w) - (y.length - 1)) / slope);
    },
    hedges: (y, v) => fromForm(y, v, v.map(() => 1)),
    hunter_schmidt: (y, v) =>
      Math.max(0, (form(y, inverse(v)) - y.length) / sum(inverse(v))),
    hunter_schmidt_corrected: (y, v) => {
      const k = y.length;
      return Math.max(0, ((k / (k - 1)) * form(y, inverse(v)) - k) / sum(inverse(v)));
    },
    sidik_jonkman: (y, v) => {
      const start = dot(y, y) / y.length;
      const a = v.map((x) => (start > 0 ? start / (x + start) : 1));
      return form(y, a) / (y.length - 1);
    },
  };

  /* Pooling */

  function single(y, v, level) {
    const s = Math.sqrt(v), half = critical(level, Infinity) * s;
    return {
      model: "single", k: 1, estimate: y, std_error: s, wald_std_error: s, statistic: y / s,
      df: Infinity, p: twoSidedP(y / s, Infinity), ci_low: y - half, ci_high: y + half,
      tau2: null, i2: null, h2: null, q: null, q_df: null, q_p: null,
      hartung_knapp_multiplier: null, weights: [100], prediction: null,
    };
  }

  // The standard error of the interval and its degrees of freedom.
  function spread(y, v, wald, multiplier, ci, level) {
    const df = y.length - 1, normal = critical(level, Infinity);
    if (ci === "wald") return [wald, Infinity];
    if (ci === "t") return [wald, df];
    const floored = wald * Math.sqrt(Math.max(1, multiplier));
    if (ci === "hartung_knapp_floored") return [floored, df];
    const error = wald * Math.sqrt(multiplier);
    if (ci === "hartung_knapp") return [error, df];
    const half = critical(level, df) * error;
    if (ci === "hartung_knapp_wider") return half < normal * wald ? [wald, Infinity] : [error, df];
    const plain = ESTIMATORS.dersimonian_laird(y, v);
    const widest = normal / Math.sqrt(sum(v.map((x) => 1 / (x + plain))));
    return [half < widest ? floored : error, df];
  }

  function pool(y, v, { model = "random", tau2 = "reml", ci = null, level = 0.95 } = {}) {
    const k = y.length, random = model === "random", method = ci || (random ? "hartung_knapp_floored" : "wald");
    if (k === 0) throw new RangeError("nothing is left to pool");
    if (k === 1) return single(y[0], v[0], level);
    const first = y[0], from = y.map((x) => x - first), middle = centred(y);
    const t = random ? (typeof tau2 === "number" ? tau2 : ESTIMATORS[tau2](middle, v)) : 0;
    const w = v.map((x) => 1 / (x + t)), total = sum(w), mean = dot(w, from) / total;
    const wald = Math.sqrt(1 / total), multiplier = generalisedQ(middle, v, t) / (k - 1);
    const [error, df] = spread(middle, v, wald, multiplier, method, level);
    if (!(error > 0)) throw new RangeError("identical estimates: this interval would have no width");
    const half = critical(level, df) * error, estimate = first + mean;
    const w0 = inverse(v), sum0 = sum(w0), q = generalisedQ(middle, v, 0);
    const typical = ((k - 1) * sum0) / (sum0 * sum0 - dot(w0, w0));
    let prediction = null;
    if (random && k > 2) {
      const room = critical(level, k - 1) * Math.sqrt(t + error * error);
      prediction = { low: estimate - room, high: estimate + room, df: k - 1 };
    }
    return {
      model, k, estimate, std_error: error, wald_std_error: wald, statistic: estimate / error, df,
      p: twoSidedP(estimate / error, df), ci_low: first + (mean - half),
      ci_high: first + (mean + half), tau2: random ? t : null,
      i2: random ? (100 * t) / (t + typical) : (100 * Math.max(0, q - (k - 1))) / (q > 0 ? q : 1),
      h2: random ? t / typical + 1 : q / (k - 1), q, q_df: k - 1, q_p: chi2Upper(q, k - 1),
      hartung_knapp_multiplier: method.startsWith("hartung") ? multiplier : null,
      weights: w.map((x) => (100 * x) / total), prediction,
    };
  }

  /* Bayes, exact: given tau all is normal; tau is integrated over v = log tau */

  const ORDER = 16, DEPTH = 46;
  const [NODES, NODE_WEIGHTS] = (() => {
    const nodes = [], weights = [];
    for (let i = 0; i < ORDER; i++) {
      let x = Math.cos((Math.PI * (i + 0.75)) / (ORDER + 0.5)), slope = 1;
      for (let step = 0; step < 50; step++) {
        let p = 1, before = 0;
        for (let n = 1; n <= ORDER; n++) [p, before] = [((2 * n - 1) * x * p - (n - 1) * before) / n, p];
        slope = (ORDER * (x * p - before)) / (x * x - 1);
        const next = x - p / slope;
        if (Math.abs(next - x) < 1e-16) break;
        x = next;
      }
      nodes.push(x);
      weights.push(2 / ((1 - x * x) * slope * slope));
    }
    return [nodes, weights];
  })();

  // log p(y | tau), each likelihood to the power a, and mean and variance of mu | tau, y.
  function conditional(tau, y, s, a, mu) {
    const precision = mu ? mu.sd ** -2 : 0, centre = mu ? mu.mean : 0, t2 = tau * tau;
    let sums = precision, shift = 0, logs = 0;
    for (let i = 0; i < y.length; i++) {
      const total = s[i] * s[i] + t2, w = a[i] / total;
      sums += w;
      shift += w * (y[i] - centre);
      logs += a[i] * (LOG_2PI + Math.log(total));
    }
    const m = centre + shift / sums;
    let squares = 0;
    for (let i = 0; i < y.length; i++) squares += (a[i] / (s[i] * s[i] + t2)) * (y[i] - m) ** 2;
    const known = mu ? Math.log(precision) : LOG_2PI;
    const constant = 0.5 * (known - Math.log(sums) - precision * (m - centre) ** 2);
    return [constant - 0.5 * (logs + squares), m, 1 / sums];
  }

  function panel(f, low, high) {
    const half = 0.5 * (high - low), middle = 0.5 * (high + low);
    let total = 0;
    for (let i = 0; i < ORDER; i++) total += NODE_WEIGHTS[i] * f(middle + half * NODES[i]);
    return half * total;
  }

  // Where the density of v, or that of its second moment, is not below exp(-DEPTH) of its peak.
  function support(logDensity, start, stop) {
    for (;;) {
      const count = Math.ceil(4 * (stop - start)) + 80, at = [], log = [], lifted = [];
      for (let i = 0; i <= count; i++) {
        at.push(start + ((stop - start) * i) / count);
        log.push(logDensity(at[i]));
        lifted.push(log[i] + 2 * at[i]);
      }
      const peak = most(log), raised = most(lifted);
      const kept = at.map((_, i) => log[i] > peak - DEPTH || lifted[i] > raised - DEPTH);
      const first = Math.max(0, kept.indexOf(true) - 1);
      const last = Math.min(count, kept.lastIndexOf(true) + 1);
      if (at[last] - at[first] > 0.5 * (stop - start) || stop - start < 1e-6) {
        return { low: at[first], high: at[last], peak, turn: at[lifted.indexOf(raised)] };
      }
      [start, stop] = [at[first], at[last]];
    }
  }

  // Panels that are halved until both halves agree with the whole, as far as rounding lets them;
  // the halves are kept, since distributions of mu bend more than the density of tau does.
  function panels(f, low, high, rounding) {
    const tolerance = Math.max(1e-13, 4e-15 * rounding);
    const edges = [low], count = 16;
    let whole = 0;
    for (let i = 0; i < count; i++) {
      whole += panel(f, low + ((high - low) * i) / count, low + ((high - low) * (i + 1)) / count);
    }
    const split = (a, b, value, depth) => {
      const middle = 0.5 * (a + b), left = panel(f, a, middle), right = panel(f, middle, b);
      if (depth > 13 || Math.abs(left + right - value) <= tolerance * whole) { edges.push(middle, b); return; }
      split(a, middle, left, depth + 1);
      split(middle, b, right, depth + 1);
    };
    for (let i = 0; i < count; i++) {
      const a = low + ((high - low) * i) / count, b = low + ((high - low) * (i + 1)) / count;
      split(a, b, panel(f, a, b), 0);
    }
    return edges;
  }

  // Posterior on nodes: tau, its probabilities p, and mean m and sd of mu given each.
  function solve(y, s, { mu, tau }, powers = null) {
    const a = powers || y.map(() => 1), used = y.map((_, i) => i).filter((i) => a[i] > 0);
    const take = (x) => used.map((i) => x[i]), [yy, ss, aa] = [take(y), take(s), take(a)];
    if (yy.length === 0) throw new RangeError("nothing is left");
    const scale = tau.scale;
    const logDensity = (v) => {
      const t = Math.exp(v);
      return v - 0.5 * (t / scale) ** 2 + conditional(t, yy, ss, aa, mu)[0];
    };
    const far = mu ? most(yy.map((x) => Math.abs(x - mu.mean))) : 0;
    const high = Math.max(most(ss), most(yy) - least(yy), far, 3.3 * scale);
    const start = Math.log(Math.min(least(ss), 1e-6 * scale)) - DEPTH - 2;
    const found = support(logDensity, start, Math.log(high) + DEPTH / 2 + 2);
    const density = (v) => Math.exp(logDensity(v) - found.peak);
    const reach = Math.exp(-found.turn);
    const watched = (v) => density(v) * (1 + (Math.exp(v) * reach) ** 2);
    const edges = panels(watched, found.low, found.high, Math.abs(found.peak));
    const nodes = { tau: [], p: [], m: [], sd: [], edges, mass: [] };
    for (let j = 0; j + 1 < edges.length; j++) {
      const half = 0.5 * (edges[j + 1] - edges[j]), middle = 0.5 * (edges[j + 1] + edges[j]);
      let mass = 0;
      for (let i = ORDER - 1; i >= 0; i--) {
        const v = middle + half * NODES[i], t = Math.exp(v), p = half * NODE_WEIGHTS[i] * density(v);
        const [, m, variance] = conditional(t, yy, ss, aa, mu);
        nodes.tau.push(t); nodes.p.push(p); nodes.m.push(m); nodes.sd.push(Math.sqrt(variance));
        mass += p;
      }
      nodes.mass.push(mass);
    }
    const total = sum(nodes.p);
    nodes.p = nodes.p.map((x) => x / total);
    nodes.mass = nodes.mass.map((x) => x / total);
    nodes.density = (v) => density(v) / total;
    return nodes;
  }

  /* Mixtures of normals */

  const mixtureCdf = ({ p, m, sd }, x) =>
    p.reduce((total, share, i) => total + share * normalCdf((x - m[i]) / sd[i]), 0);

  // Newton on an asinh scale, bisection where it leaves the bracket.
  function mixtureQuantile(parts, q) {
    const kept = parts.p.map((_, i) => i).filter((i) => parts.p[i] > 1e-17 * q);
    const [p, m, sd] = [parts.p, parts.m, parts.sd].map((x) => kept.map((i) => x[i]));
    const z = normalQuantile(q), best = p.indexOf(most(p)), centre = m[best], width = sd[best];
    const own = m.map((x, i) => Math.asinh((x + sd[i] * z - centre) / width));
    let low = least(own), high = most(own), t = 0.5 * (low + high);
    for (let step = 0; step < 300; step++) {
      const x = centre + width * Math.sinh(t);
      let value = -q, slope = 0;
      for (let i = 0; i < p.length; i++) {
        const u = (x - m[i]) / sd[i];
        value += p[i] * normalCdf(u);
        slope += (p[i] * normalDensity(u)) / sd[i];
      }
      if (value === 0) break;
      if (value < 0) low = t; else high = t;
      let next = t - value / (slope * width * Math.cosh(t));
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      const still = Math.abs(next - t) <= 1e-12 * Math.max(1, Math.abs(next));
      t = next;
      if (still) break;
    }
    return centre + width * Math.sinh(t);
  }

  function summary(parts, level, threshold) {
    const mean = dot(parts.p, parts.m);
    const variance = parts.p.reduce(
      (total, share, i) => total + share * (parts.sd[i] ** 2 + (parts.m[i] - mean) ** 2), 0);
    const [median, ci_low, ci_high] = [0.5, (1 - level) / 2, (1 + level) / 2]
      .map((q) => mixtureQuantile(parts, q));
    const probability_below = mixtureCdf(parts, threshold);
    return { mean, sd: Math.sqrt(variance), median, ci_low, ci_high, probability_below };
  }

  function tauQuantile(nodes, q) {
    let j = 0, before = 0;
    while (j + 1 < nodes.mass.length && before + nodes.mass[j] < q) before += nodes.mass[j++];
    const low = nodes.edges[j], high = nodes.edges[j + 1];
    const v = bisect((x) => before + panel(nodes.density, low, x) < q, low, high);
    return Math.exp(v);
  }

  function tauSummary(nodes, level) {
    const mean = dot(nodes.p, nodes.tau);
    const sd = Math.sqrt(nodes.p.reduce((t, share, i) => t + share * (nodes.tau[i] - mean) ** 2, 0));
    const [median, ci_low, ci_high] = [0.5, (1 - level) / 2, (1 + level) / 2]
      .map((q) => tauQuantile(nodes, q));
    return { mean, sd, median, ci_low, ci_high };
  }

  const ahead = (nodes) =>
    ({ p: nodes.p, m: nodes.m, sd: nodes.sd.map((x, i) => Math.hypot(x, nodes.tau[i])) });

  // prior: { mu: { mean, sd } or null (flat), tau: { scale } of the half-normal }.
  function bayes(y, s, prior, { level = 0.95, threshold = 0 } = {}) {
    const nodes = solve(y, s, prior);
    return {
      mu: summary(nodes, level, threshold),
      tau: tauSummary(nodes, level),
      prediction: summary(ahead(nodes), level, threshold),
      nodes: nodes.p.length,
    };
  }

  // Power prior: the source's likelihood to the power of the discount.
  function powerPrior(target, source, prior, discount, { level = 0.95, threshold = 0 } = {}) {
    const y = target.y.concat(source.y), s = target.s.concat(source.s);
    const powers = y.map((_, i) => (i < target.y.length ? 1 : discount));
    return summary(solve(y, s, prior, powers), level, threshold);
  }

  // Robust MAP without trials of one's own: the prediction, mixed with a vague normal.
  function predicted(source, prior, vague, weight, { level = 0.95, threshold = 0 } = {}) {
    const from = ahead(solve(source.y, source.s, prior));
    const parts = { p: [], m: [], sd: [] };
    if (weight > 0) {
      parts.p.push(...from.p.map((x) => weight * x));
      parts.m.push(...from.m);
      parts.sd.push(...from.sd);
    }
    if (weight < 1) { parts.p.push(1 - weight); parts.m.push(vague.mean); parts.sd.push(vague.sd); }
    return summary(parts, level, threshold);
  }

  /* Scales and numbers as the reports write them */

  const toReaders = (x, scale) =>
    scale === "log" ? Math.exp(x)
      : scale === "logit" ? (1 + Math.tanh(x / 2)) / 2
        : scale === "fisher_z" ? Math.tanh(x) : x;

  // Rounded half to even, as the reports are; a true minus sign, never "-0.0".
  function number(value, decimals) {
    if (!Number.isFinite(value)) return String(value);
    let text = Math.abs(value).toFixed(decimals);
    if (Math.abs(value) < 1e21 && decimals < 60) {
      const exact = Math.abs(value).toFixed(decimals + 40);
      const rest = exact.slice(exact.indexOf(".") + 1 + decimals);
      if (/^50*$/.test(rest)) {
        const cut = exact.slice(0, exact.length - 40).replace(/\.$/, "");
        if (Number(cut[cut.length - 1]) % 2 === 0) text = cut;
      }
    }
    return (value < 0 && Number(text) !== 0 ? "\u2212" : "") + text;
  }

  return {
    bayes, chi2Upper, critical, erfc, normalCdf, normalQuantile, number, pool, powerPrior, predicted,
    toReaders, twoSidedP, estimators: Object.keys(ESTIMATORS),
  };
})();
