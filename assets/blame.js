// Blame over time: the map of each variable's signed share of T² under the live chart, and the closer look at one variable and its pair.
// The server splits T²; this file keeps what it said, and draws it without asking again: a press is answered at once.
(function () {
  "use strict";
  const KEPT = 10000, LIVE = 2000, MOST = 12, ROW_PX = 15, MARK_PX = 12, STRIP_PX = 44, BEFORE = 100, AFTER = 50, TRAIL = 20, LEVEL = 0.975;
  const RADIUS = Math.sqrt(-2 * Math.log(1 - LEVEL)); // of the ellipse that holds this share of good rows: the root of chi-square with 2 df
  const $ = (id) => document.getElementById(id);
  const live = () => window.spcLive;
  const page = () => document.querySelector("[data-live-line]");
  const heat = () => $("line-heat");
  const chosen = (id, otherwise) => (document.querySelector('[data-into="' + id + '"][aria-pressed="true"]') || { dataset: {} }).dataset.value || otherwise;
  const write = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };
  const times = { picked: 0, closer: 0, map: 0, cost: 0, fetch: 0 }; // for the benchmark

  // ------------------------------------------------------------------------------------------------------------ what is kept
  let kept = null, asking = false, askedAt = 0, askCost = 0;
  const empty = (line, activation, long) => ({
    line, activation, long, names: [], p: 0, n: 0, last: 0, seq: [], at: [], timed: [], out: [],
    t2: new Float32Array(0), ucl: new Float32Array(0), share: new Float32Array(0), sigma: new Float32Array(0), geometry: null,
  });

  function floats(text) {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return new Float32Array(bytes.buffer);
  }

  function joined(a, b, from) { // what is kept of a, from an index on, then b
    const out = new Float32Array(a.length - from + b.length);
    out.set(a.subarray(from)); out.set(b, a.length - from);
    return out;
  }

  function take(news) {
    if (news.geometry) kept.geometry = news.geometry;
    if (!news.seq.length) return false;
    if (news.names.length !== kept.p || news.names.some((name, j) => name !== kept.names[j])) {
      Object.assign(kept, empty(kept.line, kept.activation, kept.long), { geometry: news.geometry || kept.geometry });
      kept.names = news.names; kept.p = news.names.length;
    }
    const over = Math.max(0, kept.n + news.seq.length - 1.1 * (kept.long ? KEPT : LIVE)), drop = over > 0 ? Math.min(kept.n, Math.ceil(over + 0.1 * LIVE)) : 0;
    for (const key of ["seq", "at", "timed", "out"]) kept[key] = kept[key].slice(drop).concat(news[key]);
    for (const key of ["t2", "ucl"]) kept[key] = joined(kept[key], floats(news[key]), drop);
    for (const key of ["share", "sigma"]) kept[key] = joined(kept[key], floats(news[key]), drop * kept.p);
    kept.n = kept.seq.length;
    kept.last = kept.seq[kept.n - 1];
    return true;
  }

  async function ask() { // what is new since the last row kept; once at a time, and at most a fifth of the time
    const here = page(), line = here && live().lines.get(here.dataset.liveLine);
    if (!here || !line || !line.about || asking) return;
    const long = chosen("line-heat-span", "chart") === "long", activation = line.about.activation;
    if (!kept || kept.line !== here.dataset.liveLine || kept.activation !== activation || kept.long < long) {
      kept = empty(here.dataset.liveLine, activation, long);
      order = null;
    }
    if (kept.n && Math.max(kept.last, kept.read || 0) >= line.last) return; // of subgroups there are only the rows that closed one
    if (performance.now() - askedAt < Math.max(250, 4 * askCost)) return;
    asking = true; askedAt = performance.now();
    const mine = kept, query = "?packed=true&limit=" + (long ? KEPT : LIVE) + (mine.last ? "&after=" + mine.last : "");
    try {
      const answer = await fetch("/api/v1/lines/" + encodeURIComponent(mine.line) + "/blame" + query);
      if (answer.ok) { const news = await answer.json(); if (mine === kept) kept.read = news.read; if (mine === kept && take(news)) { draw(); closer(); } }
      askCost = performance.now() - askedAt;
      times.fetch = askCost;
    } catch (_) { askCost = 1000; /* the page says already that it is cut off */ } finally { asking = false; }
  }

  const find = (seq) => { // the place of a row, or -1
    let low = 0, high = kept.n - 1;
    while (low <= high) { const k = (low + high) >> 1; if (kept.seq[k] === seq) return k; if (kept.seq[k] < seq) low = k + 1; else high = k - 1; }
    return -1;
  };

  // ------------------------------------------------------------------------------------------------------------- the drawing
  let order = null, orderKey = "", shown = null, cursor = { row: -1, variable: -1 }, variable = "", partner = "", picked = 0, held = false, hovered = null;
  let palette = new Map(); // asking the style sheet for every mark would cost more than all the drawing
  const css = (name) => { if (!palette.has(name)) palette.set(name, live().css(name)); return palette.get(name); };
  const colour = (name) => { const c = css("--" + name); return [1, 3, 5].map((k) => parseInt(c.slice(k, k + 2), 16)); };
  const mix = (a, b, part) => a.map((v, k) => Math.round(v + (b[k] - v) * part));
  const word = (c) => (255 << 24) | (c[2] << 16) | (c[1] << 8) | c[0];

  function window_() { // the rows to be shown: places in what is kept, the axis they stand on, and the pixels of that axis
    const here = page(), line = here && live().lines.get(here.dataset.liveLine), gd = live().plot("line-chart");
    if (!kept || !kept.n || !line || !gd || !gd._fullLayout || !gd._fullLayout.xaxis) return null;
    const layout = gd._fullLayout, long = chosen("line-heat-span", "chart") === "long";
    let from = 0, to = kept.n - 1;
    const left = layout._size.l, width = layout._size.w;
    if (!long) {
      const rows = live().visible(line);
      if (!rows.length) return null;
      while (from <= to && kept.seq[from] < rows[0].seq) from += 1;
      while (to >= from && kept.seq[to] > rows[rows.length - 1].seq) to -= 1;
      const along = live().axisOf(rows), ax = layout.xaxis, a = along.x(rows[0]), b = a + Math.max(1, along.x(rows[rows.length - 1]) - a);
      const pa = ax.d2p(a), slope = (ax.d2p(b) - pa) / (b - a);
      return { from, to, left, width, long, along, px: (i) => pa + slope * (along.x({ at: kept.at[i], seq: kept.seq[i] }) - a) };
    }
    if (!kept.along || kept.along.last !== kept.last) {
      const rows = []; for (let i = from; i <= to; i++) rows.push({ seq: kept.seq[i], at: kept.at[i], timed: kept.timed[i] === 1 });
      kept.along = { ...live().axisOf(rows), last: kept.last };
    }
    const along = kept.along, a = along.x({ at: kept.at[from], seq: kept.seq[from] }), b = along.x({ at: kept.at[to], seq: kept.seq[to] }), slope = (width - 4) / Math.max(b - a, along.least);
    return { from, to, left, width, long, along, px: (i) => 2 + slope * (along.x({ at: kept.at[i], seq: kept.seq[i] }) - a) };
  }

  function sorted(win) { // by blame in the rows beyond the limit; without any, by blame in all. Rows of the map do not jump at every new point
    const span = win.from + "-" + win.to + "-" + kept.last;
    if (order && kept.sorted === span) return order;
    kept.sorted = span;
    const outs = []; for (let i = win.from; i <= win.to; i++) if (kept.out[i]) outs.push(i);
    const key = [win.long, outs.length ? outs.map((i) => kept.seq[i]).join() : "none", kept.names.join()].join("|");
    if (order && key === orderKey) return order;
    orderKey = key;
    const sum = new Float64Array(kept.p), rows = outs.length ? outs : null;
    for (let k = 0, n = rows ? rows.length : win.to - win.from + 1; k < n; k++) {
      const i = rows ? rows[k] : win.from + k;
      for (let j = 0; j < kept.p; j++) { const v = kept.share[i * kept.p + j]; if (v === v) sum[j] += rows ? v : Math.abs(v); }
    }
    order = [...sum.keys()].sort((a, b) => sum[b] - sum[a] || a - b);
    return order;
  }

  const sizes = new WeakMap(); // asking a box for its size after the page was written to would make the browser lay it out in between
  const watcher = new ResizeObserver((all) => {
    let wider = false;
    for (const { target } of all) { const old = sizes.get(target) || [0, 0]; sizes.set(target, [target.clientWidth, target.clientHeight]); wider = wider || old[0] !== target.clientWidth; }
    if (wider && heat()) { draw(); closer(); }
  });
  function size(box) {
    if (!sizes.has(box)) { if (!box.clientWidth) return [0, 0]; sizes.set(box, [box.clientWidth, box.clientHeight]); watcher.observe(box); }
    return sizes.get(box);
  }

  function surface(width, height) {
    const box = heat();
    let canvas = box.querySelector("canvas");
    if (!canvas) {
      canvas = document.createElement("canvas");
      canvas.setAttribute("aria-hidden", "true");
      box.append(canvas);
    }
    const dpr = window.devicePixelRatio || 1, w = Math.round(width * dpr), h = Math.round(height * dpr);
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; canvas.style.width = width + "px"; canvas.style.height = height + "px"; }
    return canvas;
  }

  function divided(win) { // whether any row was taken apart: without that a grey map would look calm
    for (let i = win.to; i >= win.from; i--) for (let j = 0; j < kept.p; j++) { const v = kept.share[i * kept.p + j]; if (v === v) return true; }
    return false;
  }

  function draw() {
    const box = heat();
    if (!box || !size(box)[0]) return;
    const start = performance.now(), win = window_();
    const split = Boolean(win && kept.p) && divided(win);
    box.classList.toggle("has-rows", split);
    if (!win || !kept.p || win.to < win.from) { write($("line-heat-said"), kept && kept.n && !kept.p ? "No row of this window was judged." : "No row yet."); return; }
    if (!split) { shown = null; write($("line-heat-said"), kept.geometry && kept.t2.some((v) => v === v) ? "No row of this window was taken apart." : "No row of this window was judged."); return; }
    const all = chosen("line-heat-rows", "some") === "all", ranked = sorted(win), rows = all ? ranked : ranked.slice(0, MOST);
    const head = win.long ? STRIP_PX : MARK_PX, foot = win.long ? 18 : 2, height = head + ROW_PX * rows.length + foot, width = size(box)[0];
    const canvas = surface(width, height), g = canvas.getContext("2d"), dpr = canvas.width / width;
    const W = Math.max(1, Math.round(win.width * dpr)), H = Math.round(ROW_PX * rows.length * dpr), cell = H / rows.length, K = rows.length, p = kept.p;
    const key = [win.from, win.to, kept.last, kept.n, W, H, dpr, win.left, win.px(win.from), win.px(win.to), rows.join(), css("--surface"), priority()].join("|");
    if (shown && shown.key === key) { // the same cells: only what lies upon them has changed
      g.setTransform(1, 0, 0, 1, 0, 0);
      g.clearRect(0, 0, canvas.width, canvas.height);
      g.putImageData(shown.image, Math.round(win.left * dpr), Math.round(head * dpr));
      g.setTransform(dpr, 0, 0, dpr, 0, 0);
      overlay(g, width);
      finished(start);
      return;
    }
    const best = new Float32Array(K * W), level = new Uint8Array(W), leader = new Int32Array(W).fill(-1); // level: 0 nothing, 1 within, 2 beyond
    const n = win.to - win.from + 1, place = new Float64Array(n);
    for (let i = 0; i < n; i++) place[i] = win.px(win.from + i);
    let usual = Infinity;
    if (n > 1) { const steps = Float64Array.from({ length: n - 1 }, (_, i) => place[i + 1] - place[i]).sort(); usual = Math.max(steps[(n - 1) >> 1], 1e-9); }
    const most = Math.min(1.5 * usual, 24);
    for (let i = 0; i < n; i++) {
      const row = win.from + i, limit = kept.ucl[row], base = row * p;
      if (!(kept.t2[row] === kept.t2[row])) continue;
      const left = i ? Math.min((place[i] - place[i - 1]) / 2, most) : Math.min(usual / 2, most), right = i < n - 1 ? Math.min((place[i + 1] - place[i]) / 2, most) : Math.min(usual / 2, most);
      const c0 = Math.max(0, Math.round((place[i] - left) * dpr)), c1 = Math.min(W - 1, Math.max(c0, Math.round((place[i] + right) * dpr) - 1)), mine = kept.out[row] ? 2 : 1;
      for (let c = c0; c <= c1; c++) {
        if (level[c] > mine) continue;
        if (level[c] < mine) { level[c] = mine; leader[c] = row; for (let k = 0; k < K; k++) best[k * W + c] = 0; }
        else if (kept.t2[row] / limit > kept.t2[leader[c]] / kept.ucl[leader[c]]) leader[c] = row;
        for (let k = 0; k < K; k++) { const v = kept.share[base + rows[k]] / limit; if (Math.abs(v) > Math.abs(best[k * W + c])) best[k * W + c] = v; }
      }
    }
    const ground = colour("surface"), series = colour("series"), adds = colour(priority()), takes = colour("low"), ink = colour("text"), STEPS = 32;
    const scale = (to, least, span) => Array.from({ length: STEPS + 1 }, (_, k) => word(mix(ground, to, k === 0 ? least : least + (span * k) / STEPS)));
    const normal = scale(series, 0.04, 0.5), plus = scale(adds, 0.06, 0.94), minus = scale(takes, 0.06, 0.94), blank = word(ground);
    const hatch = word(mix(ground, ink, 0.75)), image = g.createImageData(W, H), out = new Uint32Array(image.data.buffer), pitch = Math.round(5 * dpr), pen = Math.max(1, Math.round(dpr));
    for (let k = 0; k < K; k++) {
      const y0 = Math.round(k * cell), y1 = Math.round((k + 1) * cell) - Math.max(1, Math.round(dpr));
      for (let c = 0; c < W; c++) {
        const v = best[k * W + c], a = Math.min(1, Math.abs(v)), step = Math.round(a * STEPS);
        const paint = level[c] === 0 ? blank : level[c] === 1 ? normal[step] : v >= 0 ? plus[step] : minus[step], striped = v < 0 && a >= (level[c] === 1 ? 0.25 : 0.1) && level[c] > 0;
        for (let y = y0; y < y1; y++) out[y * W + c] = striped && (c + y) % pitch < pen ? hatch : paint;
      }
    }
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, canvas.width, canvas.height);
    g.putImageData(image, Math.round(win.left * dpr), Math.round(head * dpr));
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    shown = { key, image, win, rows, ranked, head, foot, place, leader, W, dpr, usual, n };
    overlay(g, width);
    finished(start);
  }

  function finished(start) {
    table(shown.win, shown.ranked);
    describe();
    times.map = performance.now(); times.cost = times.map - start;
  }

  function priority() { const line = live().lines.get(kept.line); return (line && line.about && line.about.priority) || "high"; }

  function overlay(g, width) { // names, marks of rows beyond the limit, signs where there is room, the chosen row and the cursor
    const { win, rows, head, place, n, usual } = shown, font = FONT;
    g.font = "12px " + font; g.textBaseline = "middle"; g.textAlign = "right";
    rows.forEach((j, k) => {
      const y = head + ROW_PX * (k + 0.5) - 0.5, own = kept.names[j] === variable;
      g.fillStyle = css(own ? "--selection" : "--text");
      g.font = (own ? "bold " : "") + "12px " + font;
      g.fillText(cut(g, kept.names[j], win.left - 10), win.left - 6, y);
    });
    g.textAlign = "center"; g.fillStyle = css("--" + priority());
    let drawn = -99;
    for (let i = 0; i < n; i++) {
      const row = win.from + i, x = win.left + place[i];
      if (!kept.out[row] || x - drawn < 5) continue;
      drawn = x;
      g.beginPath(); g.moveTo(x, head - 9); g.lineTo(x + 4.5, head - 1.5); g.lineTo(x - 4.5, head - 1.5); g.closePath(); g.fill();
    }
    if (win.long) strip(g, width);
    if (usual >= 11) {
      g.font = "bold 12px " + font;
      for (let i = 0; i < n; i++) for (let k = 0; k < rows.length; k++) {
        const row = win.from + i, v = kept.share[row * kept.p + rows[k]] / kept.ucl[row];
        if (!kept.out[row] || !(Math.abs(v) >= 0.1)) continue;
        g.fillStyle = css(Math.abs(v) > 0.45 ? "--on-fill" : "--text");
        g.fillText(v > 0 ? "+" : "−", win.left + place[i], head + ROW_PX * (k + 0.5));
      }
    }
    const at = picked ? find(picked) : -1, bottom = head + ROW_PX * rows.length;
    if (at >= win.from && at <= win.to) frame(g, win.left + place[at - win.from], usual, head - 1, bottom, css("--selection"));
    if (document.activeElement === heat() && cursor.row >= 0) {
      const i = find(cursor.row), k = rows.indexOf(cursor.variable);
      if (i >= win.from && i <= win.to && k >= 0) frame(g, win.left + place[i - win.from], usual, head + ROW_PX * k - 1, head + ROW_PX * (k + 1), css("--text"));
    }
  }

  function frame(g, x, usual, top, bottom, colour_) {
    const half = Math.max(3, Math.min(usual, 24) / 2 + 1);
    g.strokeStyle = colour_; g.lineWidth = 2; g.strokeRect(x - half, top, 2 * half, bottom - top);
  }

  function strip(g, width) { // T²/UCL above the map where no chart stands over it, and its axis below
    const { win, rows, head, place, n } = shown, low = head - 12, high = 2, top = 1.5;
    g.strokeStyle = css("--series"); g.lineWidth = 1; g.beginPath();
    let pen = false;
    for (let i = 0; i < n; i++) {
      const r = kept.t2[win.from + i] / kept.ucl[win.from + i];
      if (!(r === r)) { pen = false; continue; }
      const x = win.left + place[i], y = low - (low - high) * Math.min(r, top) / top;
      if (pen) g.lineTo(x, y); else g.moveTo(x, y);
      pen = true;
    }
    g.stroke();
    const y = low - (low - high) / top;
    g.strokeStyle = css("--limit"); g.setLineDash([6, 4]); g.beginPath(); g.moveTo(win.left, y); g.lineTo(win.left + win.width, y); g.stroke(); g.setLineDash([]);
    g.fillStyle = css("--text"); g.textAlign = "left"; g.font = g.font.replace("bold ", "");
    g.fillText("UCL", win.left + win.width + 6, y);
    const bottom = head + ROW_PX * rows.length + 9, name = (i) => (win.along.byRow ? "row " + kept.seq[i] : moment(i));
    g.fillText(name(win.from), win.left, bottom);
    g.textAlign = "right"; g.fillText(name(win.to), Math.min(win.left + win.width, width - 2), bottom);
  }

  const moment = (i) => new Date(kept.at[i] + live().shift()).toISOString().slice(0, 16).replace("T", " ");

  function cut(g, text, most) {
    if (g.measureText(text).width <= most) return text;
    let n = text.length;
    while (n > 1 && g.measureText(text.slice(0, n) + "…").width > most) n -= 1;
    return text.slice(0, n) + "…";
  }

  // ------------------------------------------------------------------------------------------------------- words and the table
  const sds = (z) => Math.abs(z) > 1000 ? "more than 1000" : Math.abs(z).toFixed(1);
  const much = (v) => v >= 3.4e38 ? "more than 1e38" : live().short(v); // the most that is sent of it
  const percent = (part) => Math.round(100 * part) + " %";
  function said(i, j) {
    const p = kept.p, share = kept.share[i * p + j], z = kept.sigma[i * p + j], t2 = kept.t2[i], place = "Row " + kept.seq[i] + (kept.timed[i] ? ", " + live().hms(kept.at[i]) : "");
    if (!(t2 === t2)) return place + ": not judged.";
    if (!(share === share)) return place + ": " + kept.names[j] + " has no value.";
    const sign = share < 0 ? "takes " + much(-share) + " from" : "adds " + much(share) + " to", beyond = kept.out[i] ? "beyond the limit" : "within the limit";
    const own = sds(z) + " sd " + (z < 0 ? "low" : "high");
    return place + ": " + kept.names[j] + " " + sign + " T² " + much(t2) + " (" + percent(share / t2) + "), " + own + "; " + beyond + ".";
  }

  function describe() {
    if (!shown) return;
    const { win, rows } = shown;
    let outs = 0; for (let i = win.from; i <= win.to; i++) outs += kept.out[i] ? 1 : 0;
    const many = outs ? outs + (outs === 1 ? " row" : " rows") + " beyond the limit; most to blame: " + rows.slice(0, 3).map((j) => kept.names[j]).join(", ") : "no row beyond the limit";
    heat().setAttribute("aria-label", "Map of each variable's share of T², " + (win.to - win.from + 1) + " rows: " + many + ". Arrow keys move, Enter chooses.");
    const read = hovered || cursor, i = read.row > 0 ? find(read.row) : -1;
    if (i >= 0 && read.variable >= 0) write($("line-heat-said"), said(i, read.variable));
    else write($("line-heat-said"), (win.to - win.from + 1) + " rows, " + many + ".");
  }

  function table(win, ranked) {
    const box = $("line-heat-table"), fold = box && box.closest("details");
    if (!box || !fold.open) return;
    const p = kept.p, rows = ranked.map((j) => {
      let led = 0, most = -1, sum = 0, count = 0;
      for (let i = win.from; i <= win.to; i++) {
        const v = kept.share[i * p + j];
        if (!(v === v)) continue;
        if (most < 0 || v > kept.share[most * p + j]) most = i;
        if (kept.out[i]) { sum += v; count += kept.t2[i]; led += leads(i) === j ? 1 : 0; }
      }
      return [kept.names[j], String(led), count ? percent(sum / count) : "–", most < 0 ? null : most, j];
    });
    const body = document.createElement("tbody");
    for (const [name, led, part, most, j] of rows) {
      const tr = document.createElement("tr"), cells = [];
      for (const text of [name, led, part, most === null ? "–" : live().short(kept.share[most * p + j])]) { const td = document.createElement("td"); td.textContent = text; cells.push(td); }
      const td = document.createElement("td");
      if (most !== null) {
        const press = document.createElement("button");
        press.type = "button"; press.className = "row-button"; press.textContent = "Row " + kept.seq[most]; press.dataset.cell = kept.seq[most] + "|" + name;
        press.setAttribute("aria-label", "Look at " + name + " in row " + kept.seq[most]);
        td.append(press);
      }
      tr.append(...cells, td); body.append(tr);
    }
    let t = box.querySelector("table");
    if (!t) {
      t = document.createElement("table"); t.className = "table";
      const caption = document.createElement("caption"), head = document.createElement("thead"), tr = document.createElement("tr");
      caption.textContent = "Blame of each variable in this window";
      for (const name of ["Variable", "Rows beyond that it leads", "Share of T² in rows beyond", "Largest share", "Where"]) { const th = document.createElement("th"); th.scope = "col"; th.textContent = name; tr.append(th); }
      head.append(tr); t.append(caption, head); box.append(t);
    }
    if (t.tBodies.length) { if (!t.tBodies[0].contains(document.activeElement)) t.replaceChild(body, t.tBodies[0]); } else t.append(body);
  }

  function leads(i) { let best = -1; for (let j = 0; j < kept.p; j++) { const v = kept.share[i * kept.p + j]; if (v === v && (best < 0 || v > kept.share[i * kept.p + best])) best = j; } return best; }

  const reasons = new Map(); // asked for lately: the row that the pointer rests on is asked for before it is pressed
  function reason(line, seq) {
    const key = line + "|" + seq, now = performance.now();
    let one = reasons.get(key);
    if (!one || now - one.at > 10000) {
      one = { at: now, told: fetch("/live/why?" + new URLSearchParams({ line, seq })).then((answer) => (answer.ok ? answer.json() : null)) };
      one.told.catch(() => reasons.delete(key));
      reasons.delete(key); reasons.set(key, one);
      if (reasons.size > 30) reasons.delete(reasons.keys().next().value);
    }
    return one.told;
  }

  let resting = 0;
  function rest(seq) { clearTimeout(resting); const here = page(); if (seq > 0 && here) resting = setTimeout(() => reason(here.dataset.liveLine, seq), 80); }

  async function why(seq) { // the sentence, the bars and the table of a row
    const here = page();
    if (!here) return;
    try {
      const told = await reason(here.dataset.liveLine, seq);
      if (!told || picked !== seq || page() !== here) return;
      const rest = document.querySelector("#line-blame-table [data-rest]"), open = rest && rest.open;
      for (const [id, part] of [["line-blame-words", "words"], ["line-blame", "bars"], ["line-blame-table", "table"]]) if ($(id)) $(id).innerHTML = told[part]; // made and escaped by our server
      const again = open && document.querySelector("#line-blame-table [data-rest]");
      if (again) again.open = true; // who reads all variables goes on doing so
      times.words = performance.now();
      requestAnimationFrame(() => setTimeout(() => document.dispatchEvent(new CustomEvent("spc-told", { detail: { seq } })), 0)); // when it is seen
    } catch (_) { /* the page says already that it is cut off */ }
  }

  async function unfold(fold) { // the arithmetic is worked out when it is asked for: of a chart with memory it begins thousands of rows ago
    const here = page(), seq = fold.dataset.arithmetic;
    if (!here || fold.ariaBusy === "true") return;
    fold.ariaBusy = "true";
    let text = "";
    try {
      const answer = await fetch("/live/arithmetic?" + new URLSearchParams({ line: here.dataset.liveLine, seq }));
      if (answer.ok) text = (await answer.json()).arithmetic;
    } catch (_) { /* said below */ }
    fold.ariaBusy = null;
    for (const old of [...fold.children].slice(1)) old.remove();
    if (text) delete fold.dataset.arithmetic; // once is enough
    fold.insertAdjacentHTML("beforeend", text || '<p class="quiet">The server did not answer. Fold this and open it again.</p>'); // made and escaped by our server
  }

  // ---------------------------------------------------------------------------------------------- one variable and its partner
  function tied(j) { // the variable that j is most closely tied to
    const r = kept.geometry.correlation;
    let best = -1;
    for (let k = 0; k < kept.p; k++) if (k !== j && (best < 0 || Math.abs(r[j][k]) > Math.abs(r[j][best]))) best = k;
    return best;
  }

  function broken(j, i) { // in a row that is out, the variable whose relation to j broke, as spc.blame.cause finds it; else the closest
    const r = kept.geometry.correlation, z = (k) => kept.sigma[i * kept.p + k], own = z(j);
    let best = -1, most = Math.max(3, 1.5 * Math.abs(own));
    for (let k = 0; kept.out[i] && k < kept.p; k++) {
      const off = k === j ? 0 : Math.abs(own - r[j][k] * z(k)) / Math.sqrt(Math.max(1 - r[j][k] * r[j][k], 1e-12));
      if (off > most) { best = k; most = off; } // never of a missing value: NaN is not more
    }
    return best < 0 ? tied(j) : best;
  }

  function ellipse(i, j) { // the same closed line as spc.distances.ellipse
    const { center, sd, correlation } = kept.geometry, rho = correlation[i][j], rest = Math.sqrt(Math.max(0, 1 - rho * rho)), x = [], y = [];
    for (let k = 0; k <= 180; k++) {
      const t = (2 * Math.PI * k) / 180, a = RADIUS * Math.cos(t), b = RADIUS * Math.sin(t);
      x.push(center[i] + sd[i] * a); y.push(center[j] + sd[j] * (rho * a + rest * b));
    }
    return { x, y };
  }

  const value = (i, j) => { const z = kept.sigma[i * kept.p + j]; return z === z ? kept.geometry.center[j] + kept.geometry.sd[j] * z : null; };
  const title = (j) => { const line = live().lines.get(kept.line), k = line.about.names.indexOf(kept.names[j]), unit = k >= 0 ? line.about.units[k] : ""; return kept.names[j] + (unit ? " [" + unit + "]" : ""); };

  function closer() {
    const box = $("line-closer");
    if (!box || !kept || !kept.geometry) return;
    const at = picked ? find(picked) : -1;
    if (at < 0) { write($("line-closer-words"), picked ? "Row " + picked + " is not among the rows of the map: choose a longer window." : "Choose a point of the chart, or a cell of the map."); return; }
    let j = kept.names.indexOf(variable);
    if (j < 0) { j = leads(at); if (j < 0) j = 0; }
    let k = kept.names.indexOf(partner);
    if (k < 0 || k === j) k = kept.p > 1 ? broken(j, at) : -1;
    const from = Math.max(0, at - BEFORE), to = Math.min(kept.n - 1, at + AFTER), rows = [];
    for (let i = from; i <= to; i++) rows.push({ seq: kept.seq[i], at: kept.at[i], timed: kept.timed[i] === 1, i });
    looked.own = drawOwn(j, rows, at);
    if ($("line-pair-box").hidden !== k < 0) $("line-pair-box").hidden = k < 0;
    looked.pair = k < 0 ? null : drawPair(j, k, rows, at);
    $("line-own-trend").setAttribute("aria-label", kept.names[j] + " over " + rows.length + " rows, with its reference band");
    if (k >= 0) $("line-pair").setAttribute("aria-label", kept.names[j] + " against " + kept.names[k] + ", with the reference's ellipse");
    choose("line-closer-variable", kept.names[j]); choose("line-closer-partner", k < 0 ? "" : kept.names[k]);
    write($("line-closer-words"), pairWords(j, k, at));
    times.closer = performance.now();
  }

  const looked = { own: null, pair: null }, spots = new Map(); // what was drawn, and where: [x, y, row, words]

  function drawOwn(j, rows, at) {
    const g_ = kept.geometry, band = [g_.center[j] - 3 * g_.sd[j], g_.center[j], g_.center[j] + 3 * g_.sd[j]], along = live().axisOf(rows);
    const x = rows.map(along.x), y = rows.map((r) => value(r.i, j)), span = Math.max(x[x.length - 1] - x[0], along.byRow ? 1 : 1000);
    const pen = axes("line-own-trend", [x[0] - 0.01 * span, x[x.length - 1] + 0.02 * span], room([...y, band[0], band[2]]), { time: !along.byRow, y: title(j), x: along.byRow ? "row" : "" });
    if (!pen) return null;
    const { g, X, Y, left, right } = pen, marks = [];
    g.fillStyle = css("--rule"); g.globalAlpha = 0.55; g.fillRect(left, Y(band[2]), right - left, Y(band[0]) - Y(band[2])); g.globalAlpha = 1;
    path(g, [[left, Y(band[1])], [right, Y(band[1])]], css("--edge"), 1, [2, 3]);
    let part = [];
    const flush = () => { path(g, part, css("--series"), 1.5); part = []; };
    rows.forEach((r, q) => {
      if (y[q] === null || (q && r.at - rows[q - 1].at > along.gap)) flush();
      if (y[q] === null) return;
      part.push([X(x[q]), Y(y[q])]);
      marks.push([X(x[q]), Y(y[q]), r.seq, words(r, j)]);
    });
    flush();
    marks.forEach(([px, py], q) => dot(g, px, py, 2, css("--series")));
    rows.forEach((r, q) => { if (kept.out[r.i] && y[q] !== null) triangle(g, X(x[q]), Y(y[q]), css("--" + priority())); });
    const here = rows.findIndex((r) => r.i === at);
    if (y[here] !== null) ring(g, X(x[here]), Y(y[here]), css("--selection"));
    spots.set("line-own-trend", marks);
    return { x, y, band };
  }

  const words = (r, j) => "row " + r.seq + (r.timed ? ", " + live().hms(r.at) : "") + ": " + kept.names[j] + " " + live().short(value(r.i, j));

  function drawPair(j, k, rows, at) {
    const line = ellipse(j, k), known = rows.filter((r) => value(r.i, j) !== null && value(r.i, k) !== null), trail = known.filter((r) => r.i <= at).slice(-TRAIL), here = known.find((r) => r.i === at);
    const flat = (l, c) => l.map((r) => value(r.i, c));
    const pen = axes("line-pair", room([...line.x, ...flat(trail, j)]), room([...line.y, ...flat(trail, k)]), { x: title(j), y: title(k) });
    if (!pen) return null;
    const { g, X, Y } = pen, point = (r) => [X(value(r.i, j)), Y(value(r.i, k))];
    g.globalAlpha = 0.6; known.forEach((r) => dot(g, ...point(r), 2.5, css("--edge"))); g.globalAlpha = 1;
    path(g, line.x.map((v, q) => [X(v), Y(line.y[q])]), css("--limit"), 1.8);
    path(g, trail.map(point), css("--series"), 1);
    trail.forEach((r, q) => dot(g, ...point(r), 2 + (2.5 * (q + 1)) / trail.length, css("--series")));
    if (here) { if (kept.out[at]) triangle(g, ...point(here), css("--" + priority())); ring(g, ...point(here), css("--selection")); }
    spots.set("line-pair", known.map((r) => [...point(r), r.seq, words(r, j) + ", " + kept.names[k] + " " + live().short(value(r.i, k))]));
    return { line, trail: trail.map((r) => r.seq), x: here ? value(at, j) : null, y: here ? value(at, k) : null };
  }

  // a small chart of our own: drawn in two milliseconds, where a chart library needs fifty
  function axes(id, xr, yr, titles) {
    const box = $(id), [width, height] = size(box);
    if (!width || !height) return null;
    let canvas = box.querySelector("canvas");
    if (!canvas) { canvas = document.createElement("canvas"); box.append(canvas); }
    const dpr = window.devicePixelRatio || 1, left = 66, right = width - 12, top = 8, bottom = height - (titles.x ? 42 : 26);
    if (canvas.width !== Math.round(width * dpr) || canvas.height !== Math.round(height * dpr)) { canvas.width = Math.round(width * dpr); canvas.height = Math.round(height * dpr); canvas.style.width = width + "px"; canvas.style.height = height + "px"; }
    const g = canvas.getContext("2d"), X = (v) => left + ((right - left) * (v - xr[0])) / (xr[1] - xr[0]), Y = (v) => bottom - ((bottom - top) * (v - yr[0])) / (yr[1] - yr[0]);
    g.setTransform(dpr, 0, 0, dpr, 0, 0); g.clearRect(0, 0, width, height);
    g.font = "12px " + FONT; g.fillStyle = css("--text"); g.textBaseline = "middle"; g.textAlign = "right";
    for (const [v, text] of ticks(yr, 5, false)) { path(g, [[left, Y(v)], [right, Y(v)]], css("--rule"), 1); g.fillText(text, left - 7, Y(v)); }
    g.textAlign = "center";
    for (const [v, text] of ticks(xr, Math.max(2, Math.round((right - left) / 110)), titles.time)) { path(g, [[X(v), bottom], [X(v), bottom + 4]], css("--edge"), 1); g.fillText(text, X(v), bottom + 13); }
    path(g, [[left, top], [left, bottom], [right, bottom]], css("--edge"), 1);
    if (titles.x) g.fillText(cut(g, titles.x, right - left), (left + right) / 2, height - 9);
    g.save(); g.translate(10, (top + bottom) / 2); g.rotate(-Math.PI / 2); g.fillText(cut(g, titles.y, bottom - top), 0, 0); g.restore();
    return { g, X, Y, left, right };
  }

  const FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif";
  const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000];
  function ticks(range, count, time) {
    const rough = (range[1] - range[0]) / count, power = Math.pow(10, Math.floor(Math.log10(rough)));
    let step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough * 0.999);
    if (time) step = 1000 * (STEPS_S.find((k) => 1000 * k >= rough) || STEPS_S[STEPS_S.length - 1]);
    const places = Math.max(0, Math.min(12, -Math.floor(Math.log10(step) + 1e-9))), out = [];
    for (let v = Math.ceil(range[0] / step) * step; v <= range[1] + 1e-9 * step; v += step) {
      const text = new Date(time ? v : 0).toISOString();
      out.push([v, time ? (step < 60000 ? text.slice(11, 19) : step < 86400000 ? text.slice(11, 16) : text.slice(5, 10)) : v.toFixed(places)]);
    }
    return out;
  }
  function path(g, points, colour_, width, dash) {
    if (points.length < 2) return;
    g.strokeStyle = colour_; g.lineWidth = width; g.setLineDash(dash || []); g.beginPath();
    points.forEach(([x, y], q) => (q ? g.lineTo(x, y) : g.moveTo(x, y)));
    g.stroke(); g.setLineDash([]);
  }
  function dot(g, x, y, r, colour_) { g.fillStyle = colour_; g.beginPath(); g.arc(x, y, r, 0, 2 * Math.PI); g.fill(); }
  function ring(g, x, y, colour_) { g.strokeStyle = colour_; g.lineWidth = 3; g.beginPath(); g.arc(x, y, 9, 0, 2 * Math.PI); g.stroke(); }
  function triangle(g, x, y, colour_) { g.fillStyle = colour_; g.beginPath(); g.moveTo(x, y - 6); g.lineTo(x + 6, y + 4); g.lineTo(x - 6, y + 4); g.closePath(); g.fill(); }

  function room(values) { const real = values.filter((v) => v !== null), low = Math.min(...real), high = Math.max(...real), pad = 0.06 * (high - low || 1); return [low - pad, high + pad]; }

  function pairWords(j, k, at) {
    const zj = kept.sigma[at * kept.p + j], place = "Row " + kept.seq[at] + ": " + kept.names[j];
    if (!(zj === zj)) return place + " has no value.";
    const own = place + " is " + sds(zj) + " sd " + (zj < 0 ? "below" : "above") + " its level, " + (Math.abs(zj) <= 3 ? "inside" : "outside") + " the reference band.";
    if (k < 0) return own;
    const rho = kept.geometry.correlation[j][k], zk = kept.sigma[at * kept.p + k];
    if (!(zk === zk)) return own + " " + kept.names[k] + " has no value.";
    const d2 = (zj * zj - 2 * rho * zj * zk + zk * zk) / Math.max(1e-12, 1 - rho * rho), outside = d2 > RADIUS * RADIUS;
    return own + " With " + kept.names[k] + " (correlation " + rho.toFixed(2) + " in the reference) it lies " + (outside ? "outside" : "inside") + " the ellipse that holds 97.5 % of good rows.";
  }

  function choose(id, name) { // the browser's lists follow what was pressed elsewhere
    const list = document.querySelector('select[data-into="' + id + '"]');
    if (!list) return;
    const key = kept.names.join("\n");
    if (list.dataset.key !== key) { list.dataset.key = key; list.replaceChildren(...kept.names.map((one) => { const o = document.createElement("option"); o.value = o.textContent = one; return o; })); }
    if (list.value !== name) list.value = name;
  }

  const hold = (seq) => { held = true; live().pick(seq, true); };
  function look(name, other) { variable = name; partner = other || ""; closer(); draw(); }

  // ------------------------------------------------------------------------------------------------------------------ events
  function cellAt(event) {
    if (!shown) return null;
    const box = heat().getBoundingClientRect(), x = event.clientX - box.left - shown.win.left, k = Math.floor((event.clientY - box.top - shown.head) / ROW_PX);
    const c = Math.round(x * shown.dpr);
    if (x < 0 || c >= shown.W || k < 0 || k >= shown.rows.length) return null;
    let row = shown.leader[c];
    if (row < 0) { // beside a thin column
      let best = -1;
      for (let i = 0; i < shown.n; i++) if (best < 0 || Math.abs(shown.place[i] - x) < Math.abs(shown.place[best] - x)) best = i;
      if (best < 0 || Math.abs(shown.place[best] - x) > 8) return null;
      row = shown.win.from + best;
    }
    return { row, j: shown.rows[k] };
  }

  document.addEventListener("mousemove", (event) => {
    const box = event.target.closest && event.target.closest("#line-heat");
    if (!box && !hovered) return;
    const cell = box ? cellAt(event) : null;
    if (cell && (!hovered || hovered.row !== kept.seq[cell.row])) rest(kept.seq[cell.row]);
    hovered = cell ? { row: kept.seq[cell.row], variable: cell.j } : null;
    if (box) box.title = cell ? said(cell.row, cell.j) : "";
    describe();
  });
  const spotAt = (event) => { // the row whose mark is nearest in the closer look
    const box = event.target.closest && event.target.closest("#line-own-trend, #line-pair"), r = box && box.getBoundingClientRect();
    let best = null, far = 14;
    for (const one of (box && spots.get(box.id)) || []) { const d = Math.hypot(one[0] - (event.clientX - r.left), one[1] - (event.clientY - r.top)); if (d < far) { far = d; best = one; } }
    return box ? { box, best } : null;
  };
  document.addEventListener("mousemove", (event) => { const spot = spotAt(event); if (spot) spot.box.title = spot.best ? spot.best[3] : ""; });
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !page()) return;
    const spot = spotAt(event);
    if (spot) { if (spot.best) { if (!variable) variable = selected("line-closer-variable"); hold(spot.best[2]); } return; }
    if (event.target.closest("#line-heat")) {
      const cell = cellAt(event);
      if (cell) { variable = kept.names[cell.j]; partner = ""; cursor = { row: kept.seq[cell.row], variable: cell.j }; hold(kept.seq[cell.row]); }
      return;
    }
    const press = event.target.closest("[data-cell]"), named = event.target.closest("[data-variable]"), into = event.target.closest('button[data-into="line-heat-span"], button[data-into="line-heat-rows"]');
    if (press) { const at = press.dataset.cell.indexOf("|"); variable = press.dataset.cell.slice(at + 1); partner = ""; hold(Number(press.dataset.cell.slice(0, at))); }
    else if (named) look(named.dataset.variable);
    else if (into) { setTimeout(() => { order = null; askedAt = 0; ask(); draw(); }, 0); }
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches) return;
    if (event.target.matches('select[data-into="line-closer-variable"]')) look(event.target.value);
    if (event.target.matches('select[data-into="line-closer-partner"]')) look(variable || selected("line-closer-variable"), event.target.value);
  });
  const selected = (id) => { const list = document.querySelector('select[data-into="' + id + '"]'); return list ? list.value : ""; };
  document.addEventListener("keydown", (event) => {
    if (!event.target || event.target.id !== "line-heat" || !shown) return;
    const { win, rows } = shown, key = event.key;
    let i = cursor.row > 0 ? find(cursor.row) : picked ? find(picked) : win.to, k = Math.max(0, rows.indexOf(cursor.variable));
    if (i < win.from || i > win.to) i = win.to;
    const beyond = (step) => { for (let q = i + step; q >= win.from && q <= win.to; q += step) if (kept.out[q]) return q; return i; };
    if (key === "ArrowLeft") i = Math.max(win.from, i - 1);
    else if (key === "ArrowRight") i = Math.min(win.to, i + 1);
    else if (key === "ArrowUp") k = Math.max(0, k - 1);
    else if (key === "ArrowDown") k = Math.min(rows.length - 1, k + 1);
    else if (key === "Home") i = win.from;
    else if (key === "End") i = win.to;
    else if (key === "PageUp") i = beyond(-1);
    else if (key === "PageDown") i = beyond(1);
    else if (key === "Enter" || key === " ") { variable = kept.names[rows[k]]; partner = ""; hold(kept.seq[i]); }
    else return;
    cursor = { row: kept.seq[i], variable: rows[k] };
    rest(cursor.row);
    event.preventDefault();
    draw();
  });
  document.addEventListener("focusin", (event) => { if (event.target.id === "line-heat") draw(); });
  document.addEventListener("focusout", (event) => { if (event.target.id === "line-heat") { cursor = { row: -1, variable: -1 }; draw(); } });
  document.addEventListener("spc-drawn", () => { if (heat()) { ask(); draw(); } });
  document.addEventListener("spc-picked", (event) => { // a row was chosen, here or in the chart: what this file draws is drawn in the same frame
    times.picked = performance.now();
    why(event.detail.seq);
    if (!held) variable = partner = ""; // a row chosen in the chart: its own leader
    held = false;
    picked = event.detail.seq;
    if (!heat()) return;
    draw(); closer();
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.tagName !== "DETAILS" || !heat()) return;
    if (event.target.dataset.arithmetic) { if (event.target.open) unfold(event.target); return; }
    draw(); closer();
  }, true);

  let shownAt = "";
  setInterval(() => { // what no event brings: another page, a figure that dash made anew, rows that came while one answer was on its way
    const here = page(), key = here ? here.dataset.liveLine : "";
    if (key !== shownAt) { shownAt = key; kept = null; shown = null; order = null; picked = 0; variable = partner = ""; cursor = { row: -1, variable: -1 }; hovered = null; }
    if (!here || !heat()) return;
    ask();
  }, 300);
  window.addEventListener("resize", () => setTimeout(() => { if (heat()) { draw(); closer(); } }, 60));
  new MutationObserver(() => { palette = new Map(); if (heat()) { draw(); closer(); } }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

  window.spcBlame = { kept: () => kept, shown: () => shown, times, ellipse, said, draw, looked }; // for the tests and the benchmark
})();
