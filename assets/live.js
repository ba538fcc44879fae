// The live channel in the browser: one socket, the rows it brings, and the drawing of them. The server says every state in words; this
// file only keeps rows, draws them, and never shows a calm picture when the channel is cut.
(function () {
  "use strict";
  const WINDOW = 2000, SILENCE_MS = 5000, TREND_MS = 1000, TILE_SPAN_MS = 8 * 3600 * 1000;
  const MARKS = { critical: "◆", high: "▲", medium: "■", low: "●" };
  const SHAPES = { critical: "m0 -7l6 7l-6 7l-6 -7z", high: "m0 -6l6 10h-12z", medium: "m-5 -5h10v10h-10z", low: "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z" };
  const $ = (id) => document.getElementById(id);
  const el = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
  const waiting = new Map(); // what is to be told to dash, which is not listening before its layout stands
  let dashReady = false;
  const props = (id, what) => { if (dashReady) window.dash_clientside.set_props(id, what); else waiting.set(id, what); };
  const write = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };

  // ------------------------------------------------------------------------------------------------------------ the socket
  const titles = new Map(); // what people call a chart
  const lines = new Map(); // name -> { rows, about, values, last, dirty }
  const clock = { server: 0, here: 0, offset: 0, zone: "UTC", heard: 0 };
  let socket = null, wait = 250, owed = 0, watched = "", beat = null, drawing = 0;

  const serverNow = () => clock.server + (performance.now() - clock.here);
  const local = (ms) => new Date(ms + clock.offset * 1000).toISOString();
  const hms = (ms) => local(ms).slice(11, 19);

  function wanted() {
    const page = document.querySelector("[data-live-line]");
    if (page) return { names: [page.dataset.liveLine], values: true };
    return { names: [...document.querySelectorAll("[data-trend]")].map((n) => n.dataset.trend), values: false };
  }

  function watch(force) {
    const want = wanted(), key = JSON.stringify(want);
    if (!force && key === watched) return;
    if (!socket || socket.readyState !== WebSocket.OPEN) return;
    watched = key;
    for (const name of [...lines.keys()]) if (!want.names.includes(name)) lines.delete(name);
    const have = {};
    for (const name of want.names) {
      let line = lines.get(name);
      if (!line || (want.values && !line.values)) { line = { rows: [], about: null, values: want.values, last: 0, dirty: true }; lines.set(name, line); }
      have[name] = line.last;
    }
    socket.send(JSON.stringify({ watch: have, values: want.values }));
  }

  function connect() {
    socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/live");
    const mine = socket;
    socket.onopen = () => { wait = 250; watch(true); };
    socket.onmessage = (event) => { if (mine === socket) hear(JSON.parse(event.data)); };
    socket.onclose = () => {
      if (mine !== socket) return;
      setTimeout(connect, wait * (0.75 + 0.5 * Math.random()));
      wait = Math.min(5000, wait * 2);
    };
  }

  function hear(message) {
    clock.heard = performance.now();
    if (message.beat) onBeat(message.beat);
    if (message.alarms) onAlarms(message.alarms);
    if (message.lines) {
      for (const [name, news] of Object.entries(message.lines)) take(name, news);
      owed = message.n;
      schedule();
    }
    mend();
  }

  function take(name, news) {
    const line = lines.get(name);
    if (!line) return;
    if (news.about) {
      line.about = news.about;
      for (const [chart, title] of news.about.companions) titles.set(chart, title);
      const page = document.querySelector("[data-live-line]"), now = String(news.about.activation);
      if (page && page.dataset.liveLine === name && page.dataset.activation !== now) { // another model: other variables, other bands
        page.dataset.activation = now;
        props("line-model", { data: news.about.activation });
      }
    }
    if (news.anew) { line.rows = []; line.last = 0; }
    if (news.gaps) line.gaps = news.gaps;
    for (const r of news.rows) {
      if (r[0] <= line.last) continue; // never twice
      const row = { seq: r[0], at: r[1], part: r[2], note: r[3], charts: r[4], x: r[5], timed: r[6] !== 0, late: r[6] === 2 };
      row.words = words(row);
      line.rows.push(row);
      line.last = row.seq;
    }
    if (line.rows.length > WINDOW) line.rows.splice(0, line.rows.length - WINDOW);
    line.dirty = true;
    line.fresh = true;
  }

  function words(row) {
    const t2 = row.charts.t2, place = "row " + row.seq + (row.part ? " · " + row.part : "");
    const head = row.timed ? hms(row.at) + " · " + place : place + " · received " + hms(row.at);
    const lines_ = [head];
    if (t2 && t2[0] !== null) lines_.push("T² " + short(t2[0]) + " of UCL " + short(t2[1]) + " (" + short(t2[0] / t2[1]) + ")");
    for (const [name, c] of Object.entries(row.charts)) if (name !== "t2" && c[2]) lines_.push(name === "guard" ? "a guard column moved" : (titles.get(name) || name) + " beyond its limit");
    if (row.late && !row.note.startsWith("late")) lines_.push("late");
    if (row.note) lines_.push(row.note);
    return lines_.join("<br>");
  }

  function short(v) {
    if (v === null || v === undefined || !isFinite(v)) return "–";
    const a = Math.abs(v);
    if (a >= 1e15) return a >= 1e300 ? (v > 0 ? "more than 1e300" : "less than −1e300") : v.toExponential(2).replace("e+", "e");
    return a >= 100 ? v.toFixed(0) : a >= 10 ? v.toFixed(1) : a >= 1 ? v.toFixed(2) : String(Number(v.toPrecision(2)));
  }

  function schedule() {
    if (drawing) return;
    drawing = 1;
    const go = () => {
      drawing = 0;
      try { draw(); } finally {
        if (owed && socket && socket.readyState === WebSocket.OPEN) { socket.send(JSON.stringify({ drawn: owed })); owed = 0; }
      }
    };
    if (document.hidden) setTimeout(go, 0); else requestAnimationFrame(go);
  }

  // ------------------------------------------------------------------------------------------------- heartbeat, clock, cut off
  function onBeat(b) {
    beat = b;
    clock.server = b.now; clock.here = performance.now(); clock.offset = b.offset; clock.zone = b.zone;
    document.querySelectorAll("[data-line]").forEach(fill);
    retile();
    if ($("sources") && b.now - sourced > 2500) { sourced = b.now; props("sources-beat", { data: b.now }); }
    const skew = $("skew"), off = Math.round((Date.now() - b.now) / 1000);
    if (skew) { // a wrong clock here would otherwise make every time on this page look wrong
      skew.hidden = Math.abs(off) <= 30;
      if (!skew.hidden) write(skew, "The clock of this computer is " + Math.abs(off) + " s " + (off > 0 ? "ahead of" : "behind") + " the server's. Times on this page are the server's.");
    }
    tick();
  }

  let tiled = "", sourced = 0;
  function retile() { // a line was made somewhere: the wall gets its tile
    const wall = $("wall"), names = Object.keys(beat.lines), key = names.join();
    if (!wall || key === tiled) return;
    tiled = key;
    const has = new Set([...wall.querySelectorAll(".tile[data-line]")].map((n) => n.dataset.line));
    if (names.some((name) => !has.has(name))) props("wall-lines", { data: names });
  }

  function fill(node) {
    const now = beat && beat.lines[node.dataset.line];
    if (!now) return;
    const key = now.key === "alarm" ? "alarm-state" : now.key;
    const base = node.classList.contains("tile") ? "tile" : "line-head";
    const cls = [base, key, now.priority, now.flash ? "flash" : ""].filter(Boolean).join(" ");
    if (node.className !== cls) node.className = cls;
    const abnormal = ["alarm", "acknowledged", "returned"].includes(now.key);
    node.querySelectorAll("[data-fill]").forEach((part) => {
      const what = part.dataset.fill;
      if (what === "mark") write(part, abnormal ? MARKS[now.priority] || "" : "");
      else if (what === "last" && base === "line-head") write(part, now.seq ? "last row " + now.last : "");
      else write(part, now[what] || "");
      if (what === "last") part.title = now.last_full;
    });
    const graph = document.querySelector("[data-live-line] .chart");
    if (base === "line-head" && graph) graph.classList.toggle("stale-chart", now.key === "stale" || now.more.startsWith("No data"));
  }

  function tick() {
    const node = $("clock");
    if (node && clock.server) { write(node.querySelector(".clock-time"), hms(serverNow())); write(node.querySelector(".clock-zone"), clock.zone); }
  }

  let cutSince = "";
  function mend() {
    const light = $("link-light");
    if (!light) return;
    const silent = performance.now() - clock.heard;
    const cut = silent > SILENCE_MS;
    const frozen = $("frozen");
    if (cut && !cutSince) {
      const at = clock.server ? hms(clock.server + (clock.heard - clock.here)) : "";
      cutSince = at || "the start";
      frozen.textContent = "No connection: this page is frozen since " + cutSince + ". Do not trust what it shows.";
      frozen.hidden = false;
      document.body.classList.add("cut-off");
      document.title = "Frozen · " + baseTitle();
    } else if (!cut && cutSince) {
      cutSince = "";
      frozen.hidden = true;
      document.body.classList.remove("cut-off");
      title();
    }
    light.classList.toggle("cut", cut);
    write(light.querySelector(".light-mark"), cut ? "✕" : clock.server ? "●" : "○");
    write(light.querySelector(".light-words"), cut ? "Cut off" : clock.server ? "Connected" : "Connecting");
  }

  // ------------------------------------------------------------------------------------------------------------------ alarms
  const seen = new Set();
  let open = [], first = true, worst = "";
  const items = new Map();

  function onAlarms(news) {
    open = news.open;
    worst = news.worst;
    banner();
    const fresh = open.filter((a) => !seen.has(a.id) && a.state !== "acknowledged");
    open.forEach((a) => seen.add(a.id));
    if (fresh.length && !first) {
      const a = fresh[0];
      write($(a.priority === "critical" ? "say-now" : "say-polite"), a.priority + " alarm. " + a.sentence);
    }
    first = false;
    lines.forEach((line) => { line.dirty = true; }); // since when is drawn on the chart
    schedule();
    title();
    sound();
    props("alarms-changed", { data: Date.now() });
  }

  function banner() {
    const box = $("banner");
    if (!box) return;
    box.hidden = open.length === 0;
    const shown = open.slice(0, 3), keep = new Set(shown.map((a) => a.id));
    for (const [id, item] of items) if (!keep.has(id) || !item.isConnected) { item.remove(); items.delete(id); }
    let place = null;
    for (const a of shown) {
      let item = items.get(a.id);
      if (!item) {
        item = el("div");
        item.append(el("span", "alarm-mark"), el("span", "alarm-what"), el("span", "alarm-more"), el("button", "button"));
        item.children[0].setAttribute("aria-hidden", "true");
        item.children[3].type = "button";
        item.children[3].dataset.answer = a.id;
        items.set(a.id, item);
      }
      const unanswered = a.state !== "acknowledged";
      item.className = "alarm " + a.priority + (unanswered ? " unanswered" : "");
      const [mark, what, more, press] = item.children;
      write(mark, MARKS[a.priority] || "▲");
      write(what, a.sentence); what.title = a.utc;
      const size = a.rows_out + (a.rows_out === 1 ? " point" : " points") + " beyond the limit, up to " + short(a.worst) + " × UCL";
      write(more, [a.title, a.priority, a.state_words.toLowerCase(), ...(a.rows_out ? [size] : [])].join(" · "));
      write(press, unanswered ? "Acknowledge" : "Open");
      press.className = "button" + (unanswered ? " main" : "");
      press.setAttribute("aria-label", (unanswered ? "Acknowledge" : "Open") + " the alarm of " + a.title + ", " + a.at);
      if (place ? place.nextSibling !== item : box.firstChild !== item) box.insertBefore(item, place ? place.nextSibling : box.firstChild);
      place = item;
    }
    let rest = box.querySelector(".banner-more");
    if (!rest) { rest = el("div", "banner-more"); rest.append(el("a")); rest.firstChild.href = "/alarms"; box.append(rest); }
    rest.hidden = open.length <= 3;
    write(rest.firstChild, "and " + (open.length - 3) + " more");
  }

  function baseTitle() {
    const page = document.querySelector("[data-title]");
    return (page ? page.dataset.title + " · " : "") + "SPC";
  }

  let icon = "";
  function title() {
    const n = open.filter((a) => a.state !== "acknowledged").length;
    if (!cutSince) document.title = (n ? "(" + n + ") ALARM · " : "") + baseTitle();
    const style = getComputedStyle(document.documentElement), wantIcon = n + worst + document.documentElement.dataset.theme;
    if (wantIcon === icon) return;
    icon = wantIcon;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 32;
    const g = canvas.getContext("2d");
    g.fillStyle = n ? style.getPropertyValue("--" + (worst || "high")) : "#767D84";
    g.fillRect(0, 0, 32, 32);
    g.fillStyle = n ? style.getPropertyValue("--on-fill") : "#FFFFFF";
    g.font = "bold 22px sans-serif"; g.textAlign = "center"; g.textBaseline = "middle";
    g.fillText(n ? String(Math.min(n, 99)) : "T²", 16, 17, 30);
    let link = document.querySelector("link[rel=icon]");
    if (!link) { link = el("link"); link.rel = "icon"; document.head.append(link); }
    link.type = "image/png";
    link.href = canvas.toDataURL("image/png");
  }

  // One sound, repeated while an alarm is neither answered nor silenced. Browsers allow it only after the first press of a key or button.
  const silenced = new Set(JSON.parse(sessionStorage.getItem("spc_silenced") || "[]"));
  let audio = null, ringing = 0, soundWanted = localStorage.getItem("spc_sound") === "on";

  const loud = () => open.filter((a) => a.state !== "acknowledged" && !silenced.has(a.id));

  function sound() {
    const button = $("sound");
    if (!button) return;
    const now = loud(), able = soundWanted && audio && audio.state === "running";
    const text = now.length && able ? "Silence" : able ? "Sound: on" : soundWanted ? "Sound: press any key" : "Sound: off";
    write(button, text);
    button.setAttribute("aria-pressed", able ? "true" : "false");
    button.setAttribute("aria-label", now.length && able ? "Silence the alarm sound" : able ? "The alarm sound is on; press to turn it off" : "The alarm sound is off; press to turn it on");
    button.classList.toggle("attention", now.length > 0);
    if (now.length && able && !ringing) { beep(); ringing = setInterval(beep, 8000); }
    if ((!now.length || !able) && ringing) { clearInterval(ringing); ringing = 0; }
  }

  function beep() {
    for (let i = 0; i < 3; i++) {
      const tone = audio.createOscillator(), level = audio.createGain(), at = audio.currentTime + 0.32 * i;
      tone.frequency.value = i === 2 ? 660 : 880;
      level.gain.setValueAtTime(0, at);
      level.gain.linearRampToValueAtTime(0.25, at + 0.02);
      level.gain.linearRampToValueAtTime(0, at + 0.26);
      tone.connect(level).connect(audio.destination);
      tone.start(at); tone.stop(at + 0.28);
    }
    window.spcBeeps = (window.spcBeeps || 0) + 1;
  }

  function wake() {
    if (!soundWanted) return;
    audio = audio || new AudioContext();
    audio.resume().then(sound);
  }

  function pressSound() {
    const ringingNow = soundWanted && audio && audio.state === "running";
    if (ringingNow && loud().length) {
      open.forEach((a) => silenced.add(a.id));
      sessionStorage.setItem("spc_silenced", JSON.stringify([...silenced].slice(-200)));
    } else {
      soundWanted = !ringingNow;
      localStorage.setItem("spc_sound", soundWanted ? "on" : "off");
      if (!soundWanted && audio) audio.suspend().then(sound);
    }
    wake();
    sound();
  }

  // -------------------------------------------------------------------------------------------------------------- the wall
  const NS = "http://www.w3.org/2000/svg";

  function drawTile(box, line) {
    const width = box.clientWidth, height = box.clientHeight;
    if (!width || !height) return;
    if (!box.firstChild) {
      const svg = document.createElementNS(NS, "svg");
      for (const [tag, cls] of [["path", "trend-base"], ["path", "trend-gap"], ["path", "trend-line"], ["path", "trend-limit"], ["g", "trend-outs"], ["text", "trend-words"]]) {
        const part = document.createElementNS(NS, tag);
        part.setAttribute("class", cls);
        svg.append(part);
      }
      svg.setAttribute("aria-hidden", "true");
      box.append(svg);
    }
    const [base, gaps, path, limit, outs, label] = box.firstChild.children;
    const newest = timely(line.rows), end = newest.length ? newest[newest.length - 1].at : 0;
    const all = line.rows.filter((r) => r.at >= end - TILE_SPAN_MS), rows = timely(all), cut = cuts(line);
    const along = axisOf(rows), right = width - 44, start = rows.length ? along.x(rows[0]) : 0;
    const span = rows.length ? Math.max(along.x(rows[rows.length - 1]) - start, along.least) : along.least;
    const ratio = (r) => {
      let worst = null;
      for (const c of Object.values(r.charts)) if (c[0] !== null && c[1]) worst = Math.max(worst === null ? 0 : worst, c[0] / c[1]);
      return worst;
    };
    let most = 1.5;
    for (const r of rows) most = Math.max(most, Math.min(3, ratio(r) || 0));
    const across = (place) => (2 + (right - 4) * (place - start) / span).toFixed(1), x = (r) => across(along.x(r));
    const y = (v) => (height - 3 - (height - 12) * Math.min(v, most) / most).toFixed(1);
    let d = "", pen = false, before = 0, seq = 0;
    const marks = [];
    for (const r of rows) {
      const v = ratio(r);
      if (v === null) { pen = false; continue; }
      if (r.at - before > along.gap || cut(seq, r.seq)) pen = false;
      d += (pen ? "L" : "M") + x(r) + " " + y(v);
      pen = true; before = r.at; seq = r.seq;
      if (Object.values(r.charts).some((c) => c[2])) marks.push([x(r), y(v)]);
    }
    base.setAttribute("d", "M0 " + (height - 3) + "H" + right);
    const hatched = bands(line, rows, along, [start, start + span], [0, 1]).x; // each is 14 places, the first and the last but one are its ends
    let hatch = "";
    for (let i = 0; i < hatched.length; i += 15) hatch += "M" + across(hatched[i]) + " " + height / 2 + "H" + across(hatched[i + 12]);
    gaps.setAttribute("d", hatch);
    gaps.setAttribute("stroke-width", height - 6);
    path.setAttribute("d", d);
    const judged = rows.some((r) => ratio(r) !== null);
    limit.setAttribute("d", judged ? "M0 " + y(1) + "H" + right : "");
    label.setAttribute("x", right + 6); label.setAttribute("y", Number(y(1)) + 4);
    write(label, judged ? "UCL" : "");
    const tile = box.closest(".tile"), shape = SHAPES[["critical", "medium", "low"].find((p) => tile && tile.classList.contains(p))] || SHAPES.high;
    const late = all.filter((r) => r.late && along.x(r) >= start && along.x(r) <= start + span).map((r) => [x(r), y(ratio(r) || 0)]);
    const mark = (cls, drawn) => ([mx, my]) => {
      const m = document.createElementNS(NS, "path");
      m.setAttribute("class", cls);
      m.setAttribute("d", "M" + mx + " " + my + drawn);
      return m;
    };
    outs.replaceChildren(...late.slice(-100).map(mark("trend-late", "m0 -4l4 4l-4 4l-4 -4Z")), ...marks.slice(-300).map(mark("trend-out", shape)));
    const out = marks.length;
    const last = rows.length ? ratio(rows[rows.length - 1]) : null;
    box.setAttribute("aria-label", rows.length ? "T² over UCL, " + rows.length + " rows until " + hms(end) + ": last " + short(last) + ", " + out + " beyond the limit." + besides(line, all) : "No rows yet");
  }

  const timely = (rows) => rows.filter((r) => !r.late); // the line goes through these; a late one stands beside it
  const cuts = (line) => (before, seq) => (line.gaps || []).some((g) => g[0] >= before && g[0] < seq); // rows between them are missing

  function gapOf(rows) { // a silence much longer than usual is drawn as a gap
    if (rows.length < 3) return Infinity;
    const steps = [];
    for (let i = Math.max(1, rows.length - 200); i < rows.length; i++) steps.push(rows[i].at - rows[i - 1].at);
    steps.sort((a, b) => a - b);
    return Math.max(1, 6 * steps[steps.length >> 1]);
  }

  function axisOf(all) { // where rows stand: at their times, or at their numbers when they have no times that tell them apart
    const rows = timely(all);
    let same = 0;
    for (let i = 1; i < rows.length; i++) if (rows[i].at === rows[i - 1].at) same += 1;
    const byRow = rows.some((r) => !r.timed) || (same > 0 && 2 * same >= rows.length - 1), shift = clock.offset * 1000;
    if (byRow) return { byRow, gap: Infinity, least: 10, x: (r) => r.seq, before: (r) => r.seq - 0.5 };
    return { byRow, gap: gapOf(rows), least: 10000, x: (r) => r.at + shift, before: (r) => r.at + shift };
  }

  // -------------------------------------------------------------------------------------------------------------- the line
  const view = { paused: 0, pausedAt: 0, frozenRows: null, pick: 0, chosen: false, trendAt: 0, trendCost: 0, sent: 0, pickAt: 0, leave: 4000 };

  const chosen = (id) => (document.querySelector('[data-into="' + id + '"][aria-pressed="true"]') || { dataset: {} }).dataset.value;
  const ABSURD = 1e15; // from here on a statistic would press all others to the floor of the chart
  const plot = (id) => { const box = $(id); return box && box.querySelector(".js-plotly-plot"); };
  const visible = (line) => {
    const n = Number(chosen("line-span") || 600);
    const rows = view.paused ? view.frozenRows : line.rows;
    return rows.length > n ? rows.slice(-n) : rows;
  };

  function series(rows, along, get, cut) { // x and y with a gap where nothing was measured or nothing came
    const x = [], y = [], keep = [];
    let before = null;
    for (const r of rows) {
      if (r.late) continue;
      if (before !== null && (r.at - before.at > along.gap || cut(before.seq, r.seq))) { x.push(along.x(before) + 1); y.push(null); keep.push(null); }
      x.push(along.x(r)); y.push(get(r)); keep.push(r);
      before = r;
    }
    return { x, y, keep };
  }

  function drawT2(line) {
    const gd = plot("line-chart");
    if (!gd || !gd.layout || !window.Plotly || !line.about) return false;
    const scale = chosen("line-scale") || "t2";
    const rows = visible(line), along = axisOf(rows), at = along.x;
    const val = (r) => { const c = r.charts.t2; return !c || c[0] === null ? null : scale === "ratio" ? c[0] / c[1] : c[0]; };
    const closing = line.about.grouped ? rows.filter((r) => val(r) !== null) : rows; // between them nothing is missing: means are judged
    const s = series(closing, line.about.grouped ? { ...along, gap: along.byRow ? Infinity : gapOf(timely(closing)) } : along, val, cuts(line));
    const ux = [], uy = [], log = scale === "log";
    let ucl = null, most = 0, least = Infinity;
    const out = [], guard = [];
    for (const r of rows) {
      const c = r.charts.t2, v = val(r);
      if (c && c[1] !== null && !r.late) {
        const u = scale === "ratio" ? 1 : c[1];
        if (u !== ucl) { ux.push(at(r)); uy.push(u); ucl = u; }
      }
      if (v !== null) { if (log || v < ABSURD) most = Math.max(most, Math.min(v, 1e300)); if (v > 0) least = Math.min(least, v); }
      if (c && c[2] && v !== null) out.push(r);
      else if (r.charts.guard && r.charts.guard[2]) guard.push(r);
    }
    const inTime = timely(rows), [start, end] = ends(rows, along), late = rows.filter((r) => r.late);
    const span = Math.max(end - start, along.least), kind = span0(line) + (along.byRow ? " rows" : "");
    const old = gd.layout.xaxis.range, known = gd.layout.meta.span === kind;
    let xr = old && known && Number(old[0]) >= start - 0.12 * span && Number(old[0]) <= start + 1 && Number(old[1]) >= end ? old : null;
    if (!xr) xr = [start - (rows.length < WINDOW ? 0.005 : 0) * span, end + 0.06 * span];
    if (ucl !== null) { ux.push(xr[1]); uy.push(ucl); }
    const picked = rows.find((r) => r.seq === view.pick);
    const top = nice(Math.max(1.5 * (ucl || 1), 1.05 * most));
    const drawn = (v) => edged(v, top), place = (r) => drawn(val(r)) || 0;
    const yr = log ? [Math.log10(Math.min(least, (ucl || 1) / 30)) - 0.05, Math.log10(top)] : [0, top];
    const custom = (r) => (r ? [r.seq] : null);
    const band = bands(line, rows, along, xr, log ? yr.map((v) => Math.pow(10, v)) : yr);
    const data = {
      x: [s.x, ux, out.map(at), guard.map(at), picked ? [at(picked)] : [], late.map(at), band.x],
      y: [s.y.map(drawn), uy, out.map(place), guard.map(place), picked ? [place(picked)] : [], late.map(place), band.y],
      hovertext: [s.keep.map((r) => (r ? r.words : "")), [], out.map((r) => r.words), guard.map((r) => r.words), [], late.map((r) => r.words), band.words],
      customdata: [s.keep.map(custom), [], out.map(custom), guard.map(custom), [], late.map(custom), []],
    };
    const layout = { ...axisLook("xaxis", along, span), "yaxis.type": log ? "log" : "linear", "xaxis.range": xr, "yaxis.range": yr, "xaxis.showticklabels": rows.length > 0 };
    const name = { t2: "T²", ratio: "T² / UCL", log: "T², log scale" }[scale];
    if (gd.layout.yaxis.title.text !== name) layout["yaxis.title.text"] = name;
    const below = along.byRow ? "row" : "";
    if (((gd.layout.xaxis.title || {}).text || "") !== below) layout["xaxis.title"] = { text: below, standoff: 4 };
    const marks = line.about.marks.map((m) => ({ m, row: rows.find((r) => r.seq > m.after_seq) })).filter((k) => k.row && k.row.seq > rows[0].seq);
    const ink = css("--limit"), text = css("--text");
    const notes = marks.map((k) => ({ x: along.before(k.row), xref: "x", y: 1, yref: "paper", yanchor: "top", xanchor: "left", text: k.m.text, showarrow: false, font: { size: 12, color: text } }));
    if (ucl !== null) notes.push({ x: 1, xref: "paper", xanchor: "left", y: log ? Math.log10(ucl) : ucl, yref: "y", yanchor: "middle", text: scale === "ratio" ? "UCL" : "UCL " + short(ucl), showarrow: false, xshift: 6, font: { size: 14, color: ink } });
    const shapes = marks.map((k) => ({ type: "line", x0: along.before(k.row), x1: along.before(k.row), xref: "x", y0: 0, y1: 1, yref: "paper", line: { color: ink, width: 1 } }));
    const look0 = gd.layout.meta.since, here = (document.querySelector("[data-live-line]") || { dataset: {} }).dataset.liveLine;
    for (const a of open) { // since when, of every alarm of this line that is open
      const s = a.since, last = rows[rows.length - 1];
      if (!s || !look0 || a.line !== here || !rows.length || s.high < rows[0].seq) continue;
      const place = (seq) => { const r = rows.find((k) => k.seq >= seq); return r ? along.before(r) : at(last); };
      shapes.push({ ...look0.band, x0: place(s.low), x1: place(s.high + 1) });
      if (s.row >= rows[0].seq) shapes.push({ ...look0.edge, x0: place(s.row), x1: place(s.row) });
      notes.push({ ...look0.words, x: place(Math.max(s.row, rows[0].seq)), text: s.words });
    }
    const look = JSON.stringify([notes, shapes]);
    if (gd.layout.meta.look !== look) { layout.annotations = notes; layout.shapes = shapes; }
    gd.layout.meta.look = look;
    gd.layout.meta.span = kind;
    gd.layout.meta.filled = true;
    window.Plotly.update(gd, data, layout, [0, 1, 2, 3, 4, 5, 6]);
    if (!gd.spcBound) { gd.spcBound = true; gd.on("plotly_click", (e) => { const c = e.points.find((p) => p.customdata); if (c) pick(c.customdata[0], true); }); }
    summary(line, rows, inTime, rows.filter((r) => Object.values(r.charts).some((c) => c[2])).length);
    table(rows);
    const lastOut = [...out, ...guard].sort((a, b) => a.seq - b.seq).pop();
    if (lastOut && !view.chosen && lastOut.seq !== view.pick && performance.now() - view.pickAt > 1000) pick(lastOut.seq, false);
    document.dispatchEvent(new CustomEvent("spc-drawn")); // what stands under the chart follows it
    return true;
  }

  function ends(rows, along) { // the first and the last place on the axis
    const shown = timely(rows);
    if (!shown.length) { const now = rows.length ? along.x(rows[rows.length - 1]) : Date.now(); return [now - (rows.length ? 0 : 60000), now]; }
    return [along.x(shown[0]), along.x(shown[shown.length - 1])];
  }

  const missing = (line, rows) => (line.gaps || []).filter((g) => rows.length && g[0] >= rows[0].seq && g[0] <= rows[rows.length - 1].seq);

  function bands(line, rows, along, xr, yr) { // where rows are missing, as hatched bands whose lower edge has the words
    const band = { x: [], y: [], words: [] };
    if (along.byRow) return band; // between two numbers nothing is missing
    for (const g of missing(line, rows)) {
      const a = Math.max(g[1] + clock.offset * 1000, Number(xr[0])), b = Math.min((g[2] === null ? serverNow() : g[2]) + clock.offset * 1000, Number(xr[1]));
      if (b <= a) continue;
      if (band.x.length) { band.x.push(null); band.y.push(null); band.words.push(""); }
      const edge = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map((part) => a + part * (b - a));
      band.x.push(a, ...edge, b, a); band.y.push(yr[1], ...edge.map(() => yr[0]), yr[1], yr[1]);
      band.words.push(...Array(14).fill(g[3]));
    }
    return band;
  }

  function axisLook(axis, along, span) { // named, or plotly guesses anew; before the range, which plotly forgets with another type
    return {
      [axis + ".type"]: along.byRow ? "linear" : "date",
      [axis + ".tickformat"]: along.byRow ? "d" : "",
      [axis + ".hoverformat"]: along.byRow ? "d" : "%H:%M:%S",
      [axis + ".dtick"]: along.byRow && span <= 10 ? 1 : null, // there is no row 2.5
    };
  }

  const span0 = () => chosen("line-span") || "600";
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  function edged(v, top) { return v === null ? null : v > top ? 0.97 * top : v; } // an absurd value stands at the edge, its words say which

  function nice(v) { const p = Math.pow(10, Math.floor(Math.log10(v))); return Math.ceil(v / p * 4) / 4 * p; }

  function summary(line, rows, inTime, out) {
    const last = inTime.length ? inTime[inTime.length - 1] : rows.length ? rows[rows.length - 1] : null;
    write($("line-footer"), line.about.footer + (last ? " · " + out + " of " + rows.length + " points beyond" : ""));
    if (!last) { write($("line-summary"), "No rows yet. They appear here as they come."); return; }
    const t2 = last.charts.t2;
    const now = t2 && t2[0] !== null ? "T² " + short(t2[0]) + " of UCL " + short(t2[1]) + " (" + short(t2[0] / t2[1]) + ")" : last.note || "not judged";
    write($("line-summary"), "Last row " + last.seq + (last.part ? ", " + last.part : "") + ", " + (last.timed ? "at " : "received ") + hms(last.at) + ": " + now + ". " + out + " of the last " + rows.length + " rows beyond the limit." + besides(line, rows));
  }

  function besides(line, rows) { // rows that came late, rows that did not come
    const late = rows.filter((r) => r.late).length, gone = missing(line, rows).map((g) => g[3]);
    const words = gone.slice(-3).map((text) => " " + text[0].toUpperCase() + text.slice(1) + ".").join("");
    return (late ? " " + late + (late === 1 ? " row" : " rows") + " came late." : "") + (gone.length > 3 ? " " + (gone.length - 3) + " more times without rows." : "") + words;
  }

  let tableKey = "";
  function table(rows) {
    const box = $("line-table");
    if (!box || !box.closest("details").open) return;
    const last = rows.slice(-20).reverse(), key = last.map((r) => r.seq).join();
    if (key === tableKey && box.firstChild) return;
    tableKey = key;
    if (!box.firstChild) {
      const t = el("table", "table"), head = el("tr");
      for (const name of ["Row", "Time", "Part", "T²", "UCL", "T²/UCL", "Verdict", "Explain"]) { const th = el("th", "", name); th.scope = "col"; head.append(th); }
      t.append(el("caption", "", "The last 20 points"), el("thead"), el("tbody"));
      t.tHead.append(head);
      box.append(t);
    }
    box.querySelector("tbody").replaceChildren(...last.map((r) => {
      const t2 = r.charts.t2 || [null, null, 0], out = Object.values(r.charts).some((c) => c[2]), tr = el("tr", out ? "is-out" : "");
      const when = el("td", "", r.timed ? hms(r.at) : "–");
      when.title = (r.timed ? "" : "no time of its own; received ") + new Date(r.at).toISOString();
      const press = el("button", "row-button", "Why");
      press.type = "button"; press.dataset.pick = r.seq; press.setAttribute("aria-label", "Why row " + r.seq);
      const cell = el("td"); cell.append(press);
      tr.append(el("td", "", String(r.seq)), when, el("td", "", r.part || "–"), el("td", "", short(t2[0])), el("td", "", short(t2[1])),
        el("td", "", t2[0] === null ? "–" : short(t2[0] / t2[1])), el("td", "", out ? "▲ beyond the limit" : t2[0] === null ? r.note || "not judged" : "within"), cell);
      return tr;
    }));
  }

  function addBeside(data, line, rows, along, get, xr, yr) { // late rows and times without rows, as the two traces of a small chart
    const late = rows.filter((r) => r.late), band = bands(line, rows, along, xr, yr);
    data.x.push(late.map(along.x), band.x);
    data.y.push(late.map((r) => { const v = get(r); return v === null ? Math.max(0, yr[0]) : v; }), band.y);
    data.hovertext.push(late.map((r) => r.words), band.words);
  }

  function drawTrends(line) {
    const gd = plot("line-trends"), box = $("line-trends-box");
    if (!gd || !gd.layout || !gd.layout.meta || !window.Plotly || !line.about || (box && !box.open)) return;
    const names = gd.layout.meta.names || [];
    if (!names.length) return;
    const rows = visible(line), along = axisOf(rows), data = { x: [], y: [], hovertemplate: [], hovertext: [] }, layout = {}, beside = [];
    const [start, end] = ends(rows, along), span = Math.max(end - start, along.least), cut = cuts(line);
    names.forEach((name, i) => {
      const j = line.about.names.indexOf(name), key = i ? String(i + 1) : "";
      const get = (r) => (r.x && r.x[j] !== undefined ? r.x[j] : null), s = series(rows, along, get, cut);
      data.x.push(s.x); data.y.push(s.y); data.hovertext.push([]); data.hovertemplate.push(along.byRow ? "%{y}<br>row %{x}<extra></extra>" : "%{y}<br>%{x|%H:%M:%S}<extra></extra>");
      Object.assign(layout, axisLook("xaxis" + key, along, span));
      layout["xaxis" + key + ".tickprefix"] = along.byRow ? "row " : "";
      layout["xaxis" + key + ".showtickprefix"] = "first";
      const xr = layout["xaxis" + key + ".range"] = [start, end + 0.02 * span];
      const band = line.about.band[j], real = [...s.y, ...rows.filter((r) => r.late).map(get)].filter((v) => v !== null);
      let low = Math.min(...real), high = Math.max(...real);
      if (band) { const m = 0.35 * (band[2] - band[0]) || 1; low = Math.min(low, band[0] - m); high = Math.max(high, band[2] + m); }
      const pad = 0.06 * (high - low);
      if (real.length) layout["yaxis" + key + ".range"] = [low - pad, high + pad];
      beside.push([get, xr, real.length ? [low - pad, high + pad] : [0, 1]]);
    });
    for (const [get, xr, yr] of beside) { addBeside(data, line, rows, along, get, xr, yr); data.hovertemplate.push("", ""); }
    gd.layout.meta.filled = true;
    window.Plotly.update(gd, data, layout, data.x.map((_, i) => i));
  }

  function drawCompanions(line) { // statistic over limit, one below the other; the limit is at 1
    const gd = plot("line-companions");
    if (!gd || !gd.layout || !gd.layout.meta || !window.Plotly || !line.about) return;
    const names = gd.layout.meta.names || [], rows = visible(line), along = axisOf(rows), data = { x: [], y: [], hovertext: [] }, layout = {}, beside = [];
    const [start, end] = ends(rows, along), span = Math.max(end - start, along.least), cut = cuts(line);
    names.forEach((name, i) => {
      const key = i ? String(i + 1) : "", get = (r) => { const c = r.charts[name]; return !c || c[0] === null || !c[1] ? null : c[0] / c[1]; };
      const closing = line.about.grouped ? rows.filter((r) => get(r) !== null) : rows; // as T² of means: nothing is missing in between
      const on = line.about.grouped ? { ...along, gap: along.byRow ? Infinity : gapOf(timely(closing)) } : along;
      const s = series(closing, on, get, cut), out = rows.filter((r) => r.charts[name] && r.charts[name][2]);
      const top = nice(Math.max(1.5, 1.05 * Math.max(0, ...rows.map(get).filter((v) => v !== null && v < ABSURD))));
      data.x.push(s.x, out.map(along.x)); data.y.push(s.y.map((v) => edged(v, top)), out.map((r) => edged(get(r), top))); data.hovertext.push([], []);
      Object.assign(layout, axisLook("xaxis" + key, along, span));
      const xr = layout["xaxis" + key + ".range"] = [start, end + 0.02 * span];
      const yr = layout["yaxis" + key + ".range"] = [0, top];
      beside.push([get, xr, yr]);
    });
    for (const [get, xr, yr] of beside) addBeside(data, line, rows, along, get, xr, yr);
    gd.layout.meta.filled = true;
    window.Plotly.update(gd, data, layout, data.x.map((_, i) => i));
  }

  function pick(seq, chosen) {
    const page = document.querySelector("[data-live-line]");
    if (!page) return;
    view.pick = seq; view.chosen = view.chosen || chosen; view.pickAt = performance.now();
    document.dispatchEvent(new CustomEvent("spc-picked", { detail: { seq, chosen } }));
    const line = lines.get(page.dataset.liveLine);
    if (line && chosen) { clearTimeout(view.ringing); view.ringing = setTimeout(() => ringed(seq), 400); } // after what is said about the row
  }

  function ringed(seq) { // what is said about the row stands there, or is late
    clearTimeout(view.ringing);
    const page = document.querySelector("[data-live-line]"), line = page && lines.get(page.dataset.liveLine);
    if (line && view.pick === seq) requestIdleCallback(() => { if (view.pick === seq) ring(line); }, { timeout: 250 });
  }
  document.addEventListener("spc-told", (event) => ringed(event.detail.seq));

  function ring(line) { // the chosen point alone: the rest of the chart stays as it is
    const gd = plot("line-chart");
    if (!gd || !gd.layout || !gd.layout.meta || !gd.layout.meta.filled || !window.Plotly) { line.dirty = true; schedule(); return; }
    const rows = visible(line), row = rows.find((r) => r.seq === view.pick), c = row && row.charts.t2, ratio = chosen("line-scale") === "ratio";
    const y = !c || c[0] === null ? 0 : ratio ? c[0] / c[1] : c[0];
    const { xaxis, yaxis } = gd.layout, axes = { "xaxis.type": xaxis.type, "yaxis.type": yaxis.type, "xaxis.range": [...xaxis.range], "yaxis.range": [...yaxis.range] };
    window.Plotly.update(gd, { x: [row ? [axisOf(rows).x(row)] : []], y: [row ? [y] : []] }, axes, [4]); // named, or plotly guesses the axes anew
  }

  function pause() {
    const page = document.querySelector("[data-live-line]"), button = $("line-pause"), line = page && lines.get(page.dataset.liveLine);
    if (!line) return;
    view.paused = view.paused ? 0 : serverNow();
    view.frozenRows = view.paused ? line.rows.slice() : null;
    view.pausedSeq = line.last;
    button.setAttribute("aria-pressed", view.paused ? "true" : "false");
    write(button, view.paused ? "Resume" : "Pause");
    line.dirty = true;
    pausedWords();
    schedule();
  }

  function pausedWords() {
    const node = $("line-paused"), page = document.querySelector("[data-live-line]");
    if (!node || !page) return;
    node.hidden = !view.paused;
    const line = lines.get(page.dataset.liveLine);
    if (view.paused && line) write(node, "Paused at " + hms(view.paused) + ". " + (line.last - view.pausedSeq) + " newer rows wait. Alarms still come.");
  }

  // ------------------------------------------------------------------------------------------------------------- all drawing
  function draw() {
    document.querySelectorAll("[data-trend]").forEach((box) => {
      const line = lines.get(box.dataset.trend);
      if (line && line.dirty) { drawTile(box, line); line.dirty = false; }
    });
    const page = document.querySelector("[data-live-line]"), line = page && lines.get(page.dataset.liveLine);
    if (!line || !line.dirty) return;
    pausedWords();
    const done = drawT2(line);
    if (performance.now() - view.trendAt > Math.max(TREND_MS, 10 * view.trendCost)) { view.trendAt = performance.now(); view.trendsDirty = false; setTimeout(trends, 0); }
    else view.trendsDirty = true;
    line.dirty = !done;
  }

  function trends() { // after the picture with T2, never before it; at most a tenth of the time
    const page = document.querySelector("[data-live-line]"), line = page && lines.get(page.dataset.liveLine), start = performance.now();
    if (line) { drawCompanions(line); drawTrends(line); }
    view.trendCost = performance.now() - start;
  }

  function later() { // what no message brings: a figure that dash has just replaced, a trend that was put off, a page that was changed
    watch(false);
    tick();
    mend();
    const page = document.querySelector("[data-live-line]"), line = page && lines.get(page.dataset.liveLine);
    if (!line) return;
    for (const id of ["line-chart", "line-companions", "line-trends"]) {
      const gd = plot(id);
      if (gd && gd.layout && gd.layout.meta && !gd.layout.meta.filled) { line.dirty = true; view.trendsDirty = true; }
    }
    if (line.dirty || (view.trendsDirty && performance.now() - view.trendAt > Math.max(TREND_MS, 10 * view.trendCost))) { line.dirty = true; view.trendAt = 0; schedule(); }
    pausedWords();
  }

  function recolour(before) {
    const after = window.spcTheme.palette(), map = new Map(before.map((c, i) => [c, after[i]]));
    const walk = (o) => {
      for (const k of Object.keys(o)) {
        const v = o[k];
        if (typeof v === "string" && v.length === 7 && v[0] === "#") { const to = map.get(v.toUpperCase()); if (to) o[k] = to; }
        else if (v && typeof v === "object" && !ArrayBuffer.isView(v)) walk(v);
      }
    };
    document.querySelectorAll(".js-plotly-plot").forEach((gd) => { walk(gd.data); walk(gd.layout); window.Plotly.redraw(gd); });
    themeWords();
    title();
  }

  function themeWords() { write($("theme-toggle"), window.spcTheme.now() === "dark" ? "Light" : "Dark"); }

  let asked = "";
  function arrived() { // another page stands in the frame
    const alarm = new URLSearchParams(location.search).get("alarm"); // the link in an e-mail leads to its alarm
    if (alarm && alarm !== asked) { asked = alarm; setTimeout(() => props("answer-ask", { data: { id: alarm, press: Date.now() } }), 300); }
    const path = location.pathname;
    document.querySelectorAll(".nav-link").forEach((a) => {
      const own = a.getAttribute("href"), here = own === "/" ? path === "/" || path.startsWith("/line/") : path.startsWith(own);
      if (here) a.setAttribute("aria-current", "page"); else a.removeAttribute("aria-current");
    });
    const page = document.querySelector("[data-live-line]"), name = page ? page.dataset.liveLine : "";
    if (view.name !== name) Object.assign(view, { name, paused: 0, frozenRows: null, pick: 0, chosen: false, trendAt: 0 });
    watch(false);
    document.querySelectorAll("[data-line]").forEach(fill);
    lines.forEach((line) => { line.dirty = true; });
    title(); themeWords(); sound(); banner(); schedule();
  }

  // ------------------------------------------------------------------------------------------------------------------ events
  const target = (node) => (node.dataset.into[0] === "{" ? JSON.parse(node.dataset.into) : node.dataset.into);
  const group = (node) => [...node.parentElement.querySelectorAll("button[data-into]")];

  function press(node) { // a row of buttons of which one, or many, are chosen
    const many = node.dataset.many === "yes", was = node.getAttribute("aria-pressed") === "true";
    for (const one of group(node)) if (one === node || !many) one.setAttribute("aria-pressed", one === node ? String(many ? !was : true) : "false");
    const on = group(node).filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.value);
    props(target(node), { data: many ? on : node.dataset.value });
    if (["line-scale", "line-span"].includes(node.dataset.into)) lines.forEach((line) => { line.dirty = true; view.trendsDirty = true; view.trendAt = 0; schedule(); });
  }

  document.addEventListener("click", (event) => {
    const at = event.target.closest("[data-answer], [data-pick], [data-scrap], button[data-into], #sound, #theme-toggle, #line-pause");
    if (!at) return;
    if (at.dataset.into) press(at);
    else if (at.dataset.answer) {
      props("answer-ask", { data: { id: at.dataset.answer, press: Date.now() } });
      setTimeout(() => { const who = $("answer-by"), note = $("answer-note"); const field = who && !who.value ? who : note; if (field) field.focus(); window.scrollTo({ top: 0 }); }, 350);
    } else if (at.dataset.pick) pick(Number(at.dataset.pick), true);
    else if (at.dataset.scrap) props("scrap-pressed", { data: { id: Number(at.dataset.scrap), press: Date.now() } });
    else if (at.id === "sound") pressSound();
    else if (at.id === "line-pause") pause();
    else { const before = window.spcTheme.palette(); window.spcTheme.set(window.spcTheme.now() === "dark" ? "light" : "dark"); recolour(before); }
  });
  document.addEventListener("change", (event) => { // the browser's own lists: what is chosen goes into a store of dash
    if (event.target.matches("select[data-into]")) props(target(event.target), { data: event.target.value });
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.tagName !== "DETAILS") return;
    event.target.querySelectorAll(".js-plotly-plot").forEach((gd) => window.Plotly && window.Plotly.Plots.resize(gd));
    lines.forEach((line) => { line.dirty = true; }); view.trendsDirty = true; schedule();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && $("answer") && !$("answer").hidden) props("answer", { hidden: true });
    const chart = event.target.closest && event.target.closest(".chart");
    if (chart && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const page = document.querySelector("[data-live-line]"), line = page && lines.get(page.dataset.liveLine);
      if (!line || !line.rows.length) return;
      const rows = visible(line), i = rows.findIndex((r) => r.seq === view.pick);
      const j = i < 0 ? rows.length - 1 : Math.max(0, Math.min(rows.length - 1, i + (event.key === "ArrowLeft" ? -1 : 1)));
      pick(rows[j].seq, true);
      event.preventDefault();
    }
  });
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { if (soundWanted && (!audio || audio.state !== "running")) wake(); });
  window.addEventListener("resize", () => { lines.forEach((line) => { line.dirty = true; }); schedule(); });
  document.addEventListener("visibilitychange", () => { lines.forEach((line) => { line.dirty = true; }); schedule(); });

  function begin() {
    clock.heard = performance.now();
    const frame = new MutationObserver(() => { if ($("main")) arrived(); });
    const done = new MutationObserver(() => {
      if (document.querySelector("#answer-said .done")) setTimeout(() => { if (document.querySelector("#answer-said .done")) props("answer", { hidden: true }); }, view.leave);
    });
    const ready = setInterval(() => {
      if (!$("main")) return;
      clearInterval(ready);
      setTimeout(() => { dashReady = true; waiting.forEach((what, id) => props(id, what)); waiting.clear(); }, 200);
      frame.observe($("main"), { childList: true });
      done.observe($("answer-said"), { childList: true });
      arrived();
    }, 30);
    connect();
    window.spcTheme.follow(recolour);
    setInterval(later, 250);
  }
  window.spcLive = { lines, view, axisOf, visible, plot, pick, hms, short, css, shift: () => clock.offset * 1000 }; // for blame.js and the tests
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin); else begin();
})();
