"use strict";
// Draws the plots of a comparison. Nothing is fetched: all data is in the page.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const policies = data.policies;
  const dashes = ["", "7 3", "2 3", "9 3 2 3"];
  const color = i => `var(--p${i % 4})`;
  const byName = {};
  policies.forEach((p, i) => { byName[p.name] = i; });
  document.querySelectorAll(".card").forEach(c => c.style.setProperty("--c", color(byName[c.dataset.policy])));

  // Families that are bought most, over all policies, keep a colour of their own.
  const weight = {};
  policies.forEach(p => p.runs.forEach(r => Object.entries(r.series.nodesByFamily).forEach(([f, n]) => {
    weight[f] = (weight[f] || 0) + n.reduce((a, b) => a + b, 0);
  })));
  const ranked = Object.keys(weight).sort((a, b) => weight[b] - weight[a] || (a < b ? -1 : 1));
  const shown = ranked.slice(0, 10);
  const hue = f => shown.includes(f) ? `hsl(${(shown.indexOf(f) * 137 + 175) % 360} 45% 52%)` : "var(--floor)";

  const SVG = "http://www.w3.org/2000/svg";
  function el(parent, name, attrs, text) {
    const e = document.createElementNS(SVG, name);
    for (const k in attrs) e.setAttribute(k, attrs[k]);
    if (text !== undefined) e.textContent = text;
    parent.appendChild(e);
    return e;
  }
  function html(parent, name, cls, text) {
    const e = document.createElement(name);
    if (cls) e.className = cls;
    if (text !== undefined) e.textContent = text;
    parent.appendChild(e);
    return e;
  }
  function key(parent, label, stroke, dash, block) {
    const li = html(parent, "li");
    const s = document.createElementNS(SVG, "svg");
    s.setAttribute("aria-hidden", "true");
    li.appendChild(s);
    if (block) el(s, "rect", { width: 18, height: 8, rx: 2, style: `fill:${stroke}` });
    else el(s, "line", { x1: 0, x2: 18, y1: 4, y2: 4, "stroke-width": 2.5, "stroke-dasharray": dash, style: `stroke:${stroke}` });
    html(li, "span", "", label);
    return html(li, "b");
  }

  // Ticks at 1, 2 or 5 times a power of ten, about n of them.
  function ticks(most, n) {
    const raw = (most || 1) / n, power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 5, 10].find(m => m * power >= raw) * power;
    const out = [];
    for (let v = 0; v <= most + step * 1e-6; v += step) out.push(v);
    return out;
  }
  function hours(seconds) {
    const h = Math.floor(seconds / 3600), m = Math.round(seconds % 3600 / 60);
    return m === 0 ? h + "h" : h === 0 ? m + "m" : `${h}h${String(m).padStart(2, "0")}`;
  }
  function times(length, width) {
    const spans = [300, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
    const step = spans.find(s => length / s <= width / 64) || spans[spans.length - 1];
    const out = [];
    for (let t = 0; t <= length; t += step) out.push(t);
    return out;
  }

  const plots = []; // all that follow the cursor
  let at = null;    // where it is, in seconds

  // A frame with axes. draw(scaleX, scaleY, layer) adds what is in it.
  function frame(parent, p) {
    const fig = html(parent, "figure", p.wide ? "wide" : "");
    const cap = html(fig, "figcaption");
    html(cap, "span", "", p.title);
    const unit = html(cap, "small", "", p.unit);
    const list = p.lines ? html(fig, "ul", "legend") : null;
    const values = p.lines ? p.lines.map(l => key(list, l.label, l.stroke, l.dash, l.area)) : [];
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", p.title + ", " + p.unit + ". " + p.summary);
    fig.appendChild(svg);
    function draw() {
      svg.replaceChildren();
      const w = Math.max(svg.clientWidth, 200), h = p.wide ? 260 : 180, left = 46, right = 10, top = 8, bottom = 22;
      svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
      svg.style.height = h + "px";
      const marks = ticks(p.most, 4), high = Math.max(p.most, marks[marks.length - 1]) || 1;
      const X = t => left + (w - left - right) * t / data.seconds;
      const Y = v => h - bottom - (h - top - bottom) * v / high;
      marks.forEach(v => {
        el(svg, "line", { class: "gridline", x1: left, x2: w - right, y1: Y(v), y2: Y(v) });
        el(svg, "text", { x: left - 6, y: Y(v) + 4, "text-anchor": "end" }, p.format(v, true));
      });
      times(data.seconds, w).forEach(t => el(svg, "text", { x: X(t), y: h - 6, "text-anchor": t === 0 ? "start" : "middle" }, hours(t)));
      el(svg, "line", { class: "axis", x1: left, x2: w - right, y1: Y(0), y2: Y(0) });
      (p.stack || []).forEach(s => el(svg, "path", { d: band(s.x, s.low, s.high, X, Y), style: `fill:${s.fill}` }));
      (p.lines || []).forEach(l => {
        if (l.area) el(svg, "path", { d: band(l.x, l.y.map(() => 0), l.y, X, Y), style: `fill:${l.stroke};opacity:.55` });
        else el(svg, "path", { d: steps(l.x, l.y, X, Y), fill: "none", "stroke-width": 1.8, "stroke-linejoin": "round", "stroke-dasharray": l.dash, style: `stroke:${l.stroke}` });
      });
      const cursor = el(svg, "line", { class: "cursor", y1: top, y2: h - bottom, visibility: "hidden" });
      plot.follow = () => {
        const t = at === null ? null : Math.min(Math.max(at, 0), data.seconds);
        cursor.setAttribute("visibility", t === null ? "hidden" : "visible");
        if (t !== null) { cursor.setAttribute("x1", X(t)); cursor.setAttribute("x2", X(t)); }
        (p.lines || []).forEach((l, i) => { values[i].textContent = t === null ? "" : p.format(l.y[index(l.x, t)]); });
        if (p.total) unit.textContent = t === null ? p.unit : hours(t) + ": " + p.total(t);
      };
      plot.time = x => (x - left) / (w - left - right) * data.seconds;
      plot.follow();
    }
    const plot = { svg, draw, follow() {}, time: () => 0 };
    plots.push(plot); // drawn when all are there: only then it is known how wide they are
    const move = e => {
      const box = svg.getBoundingClientRect();
      at = plot.time(e.clientX - box.left);
      plots.forEach(q => q.follow());
    };
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerdown", move);
    svg.addEventListener("pointerleave", () => { at = null; plots.forEach(q => q.follow()); });
  }
  function index(x, t) {
    let lo = 0, hi = x.length - 1;
    while (lo < hi) { const mid = (lo + hi + 1) >> 1; if (x[mid] <= t) lo = mid; else hi = mid - 1; }
    return lo;
  }
  // What was measured holds until the next point.
  function steps(x, y, X, Y) {
    let d = "";
    for (let i = 0; i < x.length; i++) {
      d += (i ? `H${X(x[i]).toFixed(1)}V` : `M${X(x[i]).toFixed(1)} `) + Y(y[i]).toFixed(1);
    }
    return d + `H${X(data.seconds).toFixed(1)}`;
  }
  function band(x, low, high, X, Y) {
    let back = "";
    for (let i = x.length - 1; i >= 0; i--) back += `V${Y(low[i]).toFixed(1)}H${X(x[i]).toFixed(1)}`;
    return steps(x, high, X, Y) + back + "Z";
  }

  const money = (v, axis) => "$" + (axis && v >= 10 ? v.toFixed(0) : v.toFixed(2));
  const whole = v => Math.round(v).toLocaleString("en");
  const percent = v => Math.round(100 * v) + " %";
  const greatest = lists => Math.max(...lists.map(l => l.reduce((a, b) => Math.max(a, b), 0)));

  function show(seed) {
    plots.length = 0;
    const runs = policies.map(p => p.runs[seed].series);
    const area = document.getElementById("plots"), nodes = document.getElementById("nodes");
    area.replaceChildren();
    nodes.replaceChildren();
    function lines(title, unit, field, format, more) {
      const list = runs.map((s, i) => ({ label: policies[i].title, x: s.after, y: s[field], stroke: color(i), dash: dashes[i % 4] }));
      const last = l => format(l.y[l.y.length - 1]);
      frame(area, {
        title, unit, format, wide: more && more.wide, lines: (more && more.first || []).concat(list),
        most: more && more.most || greatest(list.map(l => l.y)), summary: "At the end: " + list.map(l => l.label + " " + last(l)).join(", "),
      });
    }
    const floor = { label: "Floor", x: runs[0].after, y: runs[0].floorUSDPerHour, stroke: "var(--floor)", dash: "", area: true };
    lines("Cost", "dollars per hour, and the floor of the first policy's pods", "usdPerHour", money, { wide: true, first: [floor] });
    lines("Pods that wait", "without a node, at the most", "pendingMost", whole);
    lines("Evictions", "pods, until then", "evictions", whole);
    lines("CPU", "requested, of what is paid for", "cpuRequestedOfPaid", percent, { most: 1 });
    lines("Memory", "requested, of what is paid for", "memoryRequestedOfPaid", percent, { most: 1 });

    nodes.classList.toggle("three", runs.length % 3 === 0);
    const most = greatest(runs.map(s => s.nodes));
    runs.forEach((s, i) => {
      const under = s.after.map(() => 0), stack = [];
      const groups = shown.map(f => [f, [f]]).concat([["others", ranked.slice(10)]]);
      groups.forEach(([, names]) => {
        const low = under.slice();
        names.forEach(f => (s.nodesByFamily[f] || []).forEach((n, k) => { under[k] += n; }));
        stack.push({ x: s.after, low, high: under.slice(), fill: hue(names[0]) });
      });
      const total = t => {
        const k = index(s.after, t);
        const parts = groups.map(([label, names]) => [label, names.reduce((a, f) => a + ((s.nodesByFamily[f] || [])[k] || 0), 0)]).filter(x => x[1] > 0);
        return parts.sort((a, b) => b[1] - a[1]).slice(0, 4).map(x => x[1] + " " + x[0]).join(", ") + (parts.length > 4 ? " …" : "");
      };
      frame(nodes, { title: policies[i].title, unit: "nodes", stack, total, most, format: whole, summary: `At the end ${s.nodes[s.nodes.length - 1]} nodes` });
    });
    plots.forEach(p => p.draw());
  }

  const legend = document.getElementById("families");
  shown.forEach(f => key(legend, f, hue(f), "", true));
  if (ranked.length > 10) key(legend, "others", "var(--floor)", "", true);
  const pick = document.getElementById("pick"), select = document.getElementById("seed");
  data.seeds.forEach((s, i) => { const o = html(select, "option", "", s); o.value = i; });
  pick.hidden = data.seeds.length < 2;
  select.addEventListener("change", () => show(Number(select.value)));
  show(0);
  let wide = document.body.clientWidth;
  new ResizeObserver(() => {
    if (wide !== document.body.clientWidth) { wide = document.body.clientWidth; plots.forEach(p => p.draw()); }
  }).observe(document.body);
})();
