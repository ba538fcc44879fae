// The reference page in the browser: sending a file as a stream with progress, asking for a fit and waiting for it, and the charts of the
// review that point at each other. What is decided is decided by the server; this file only carries words to and fro.
(function () {
  "use strict";
  const API = "/api/v1", POLL_MS = [40, 60, 80, 100, 120, 150, 200, 300, 400], LOST = 20;
  const $ = (id) => document.getElementById(id);
  const props = (id, what) => { if ($(id) || id === "url" || /-(pick|answered|draft|answer)$/.test(id)) window.dash_clientside.set_props(id, what); };
  const page = () => $("reference");
  const part = (type, children, more) => ({ namespace: "dash_html_components", type, props: { children, ...more } });

  function complaint(problem) {
    const place = [problem.row != null ? "row " + problem.row : "", problem.column ? "column " + problem.column : ""].filter(Boolean).join(", ");
    const text = (place ? place[0].toUpperCase() + place.slice(1) + ": " : "") + (problem.detail || problem.title || "Something went wrong.");
    return part("Div", [part("Strong", text), part("Span", problem.cure ? " " + problem.cure : "")], { className: "complaint", role: "alert" });
  }

  const lost = { detail: "The server does not answer.", cure: "Look at its connection, then try again." };

  function problemOf(text, status) {
    try {
      const told = JSON.parse(text);
      return told.detail || told.title ? told : { detail: "The server answered " + status + "." };
    } catch (_) { return { detail: "The server answered " + status + "." }; }
  }

  let address = ""; // what dash believes the address to be, while a job stands in it

  function go(parts) {
    if (address) history.replaceState(history.state, "", address);
    address = "";
    const query = new URLSearchParams(Object.entries(parts).filter((p) => p[1]));
    props("url", { search: "?" + query });
  }

  // ------------------------------------------------------------------------------------------------------------- the upload
  let sending = null, input = null;

  function bar(id, value, shown) {
    const box = $(id + "-box"), line = $(id);
    if (!box || !line) return;
    box.hidden = !shown;
    if (value === null) line.removeAttribute("value"); else line.setAttribute("value", String(value));
  }

  function upload(file) {
    if (sending) sending.abort();
    const say = (what) => props("reference-upload-said", { children: what });
    const form = new FormData(), request = new XMLHttpRequest(), size = (file.size / 1048576).toFixed(file.size < 1e7 ? 2 : 0) + " MB";
    form.append("name", file.name);
    form.append("file", file, file.name);
    sending = request;
    props("reference-cancel", { hidden: false });
    const over = () => { if (sending === request) sending = null; bar("reference-upload-bar", 0, false); props("reference-cancel", { hidden: true }); };
    request.upload.onprogress = (e) => { bar("reference-upload-bar", e.total ? e.loaded / e.total : null, true); };
    request.upload.onload = () => { bar("reference-upload-bar", null, true); say("Reading " + file.name + " …"); };
    request.onerror = () => { over(); say(complaint(lost)); };
    request.onabort = () => { over(); say("The upload was cancelled."); };
    request.onload = () => {
      over();
      if (request.status >= 300) { say(complaint(problemOf(request.responseText, request.status))); return; }
      say("");
      go({ ref: JSON.parse(request.responseText).id });
    };
    bar("reference-upload-bar", 0, true);
    say("Sending " + file.name + ", " + size + " …");
    request.open("POST", API + "/references");
    request.send(form);
  }

  function choose() {
    if (!input) {
      input = document.createElement("input");
      input.type = "file";
      input.accept = ".csv,.txt,.tsv,text/csv,text/plain";
      input.id = "reference-file";
      input.hidden = true;
      input.addEventListener("change", () => { if (input.files.length) upload(input.files[0]); input.value = ""; });
      document.body.append(input);
    }
    input.click();
  }

  let over = 0; // how many nested elements the dragged file is over
  document.addEventListener("dragover", (e) => { if (page()) e.preventDefault(); });
  document.addEventListener("dragenter", (e) => { const zone = $("reference-drop"); if (zone) { over += 1; zone.classList.add("over"); e.preventDefault(); } });
  document.addEventListener("dragleave", () => { const zone = $("reference-drop"); if (zone) { over = Math.max(0, over - 1); if (!over) zone.classList.remove("over"); } });
  document.addEventListener("drop", (e) => {
    const zone = $("reference-drop");
    if (!zone) return;
    e.preventDefault();
    over = 0;
    zone.classList.remove("over");
    if (e.dataTransfer.files.length) upload(e.dataTransfer.files[0]);
  });

  // -------------------------------------------------------------------------------------------------------------- the roles
  const changed = () => [...document.querySelectorAll("[data-role-select]")].filter((s) => s.value !== s.dataset.roleWas);

  function rolesChanged() {
    const now = changed();
    props("reference-roles-apply", { hidden: !now.length });
    props("reference-roles-said", { children: now.length ? now.length + (now.length === 1 ? " role" : " roles") + " changed, not yet read." : "" });
    document.querySelectorAll("[data-role-select]").forEach((s) => s.classList.toggle("changed", s.value !== s.dataset.roleWas));
  }

  async function applyRoles(roles) {
    const say = (what) => props("reference-roles-said", { children: what }), ref = page().dataset.ref;
    say("Reading again …");
    try {
      const answer = await fetch(API + "/references/" + ref + "/roles", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ roles }),
      });
      const text = await answer.text();
      if (!answer.ok) { say(complaint(problemOf(text, answer.status))); return; }
      go({ ref: JSON.parse(text).id });
    } catch (_) { say(complaint(lost)); }
  }

  // ---------------------------------------------------------------------------------------------------------------- the fit
  let waiting = "";

  const fitSay = (what) => props("reference-fit-said", { children: what });

  async function fit(ask) {
    if (!ask || !ask.body || waiting) return window.dash_clientside.no_update;
    props("reference-fit", { disabled: true });
    fitSay("Asking for the fit …");
    if ($("reference-fit-said")) $("reference-fit-said").scrollIntoView({ block: "nearest" }); // it may have been asked for from the review
    try {
      const answer = await fetch(API + "/models", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(ask.body) });
      const text = await answer.text();
      if (!answer.ok) { fitOver(complaint(problemOf(text, answer.status))); return Date.now(); }
      const here = page().dataset, job = JSON.parse(text).job;
      const query = new URLSearchParams(Object.entries({ ref: here.ref, model: here.model, from: here.from, job }).filter((p) => p[1]));
      address = address || location.href;
      history.replaceState(history.state, "", "?" + query); // a reload goes on waiting
      follow(job);
    } catch (_) { fitOver(complaint(lost)); }
    return Date.now();
  }

  function fitOver(said) {
    waiting = "";
    if (address) history.replaceState(history.state, "", address);
    address = "";
    bar("reference-fit-bar", 0, false);
    props("reference-fit", { disabled: false });
    fitSay(said);
  }

  function settled(model) { // a model that comes again, its rows taken back: what was decided when it was last looked at has been fitted since
    const draft = JSON.parse(sessionStorage.getItem("reference-draft") || "null");
    if (!draft || !draft.exclude || !(model in draft.exclude)) return;
    const { [model]: _, ...exclude } = draft.exclude;
    props("reference-draft", { data: { ...draft, exclude } });
  }

  async function follow(job) {
    if (waiting === job) return;
    waiting = job;
    const began = Date.now(), here = { ...page().dataset };
    let silent = 0, asked = 0;
    props("reference-fit", { disabled: true });
    while (waiting === job && page() && page().dataset.ref === here.ref) {
      let now = null;
      try {
        const answer = await fetch(API + "/jobs/" + job);
        now = answer.ok ? await answer.json() : { state: "failed", error: problemOf(await answer.text(), answer.status) };
        silent = 0;
      } catch (_) { silent += 1; if (silent > LOST) { fitOver(complaint(lost)); return; } }
      if (now && now.state === "done") {
        fitOver("");
        settled(now.result.id);
        go({ ref: here.ref, model: now.result.id, from: here.model !== now.result.id ? here.model : here.from });
        return;
      }
      if (now && now.state === "cancelled") { fitOver("The fit was cancelled."); return; }
      if (now && now.state === "failed") { fitOver(complaint(now.error || {})); return; }
      if (now) {
        const s = Math.round((Date.now() - began) / 1000);
        bar("reference-fit-bar", now.progress > 0 ? now.progress : null, true);
        fitSay((now.state === "waiting" ? "Waiting for a free place" : now.stage ? now.stage[0].toUpperCase() + now.stage.slice(1) : "Fitting") +
          (now.progress > 0 ? ", " + Math.round(100 * now.progress) + " %" : " …") + (s > 2 ? " (" + s + " s)" : ""));
      }
      await new Promise((done) => setTimeout(done, POLL_MS[Math.min(asked++, POLL_MS.length - 1)])); // a quick fit is shown at once
    }
    if (waiting === job) waiting = "";
  }

  async function cancelFit() {
    const job = waiting, by = $("reference-by") ? $("reference-by").value : "";
    if (!job) return;
    fitSay("Cancelling …");
    try {
      const answer = await fetch(API + "/jobs/" + job + "?" + new URLSearchParams({ by }), { method: "DELETE" });
      if (!answer.ok && answer.status !== 409 && waiting === job) fitSay(complaint(problemOf(await answer.text(), answer.status)));
    } catch (_) { if (waiting === job) fitSay(complaint(lost)); } // how it ended is heard by `follow`: 409 says that it was done already
  }

  async function check(ask) { // is the reference stable, whatever its distribution? done beside the server, like a fit
    if (!ask || !ask.body) return window.dash_clientside.no_update;
    const say = (what) => props("reference-stable-said", { children: what });
    props("reference-stable", { disabled: true });
    try {
      const asked = await fetch(API + "/references/" + ask.ref + "/distribution-free", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(ask.body),
      });
      const text = await asked.text(), began = Date.now();
      let now = asked.ok ? { state: "waiting" } : { state: "failed", error: problemOf(text, asked.status) }, turn = 0;
      while (!["done", "failed", "cancelled"].includes(now.state)) {
        const s = Math.round((Date.now() - began) / 1000);
        say("Permuting the rows …" + (s > 2 ? " (" + s + " s)" : ""));
        await new Promise((done) => setTimeout(done, POLL_MS[Math.min(turn++, POLL_MS.length - 1)]));
        const answer = await fetch(JSON.parse(text).href);
        now = answer.ok ? await answer.json() : { state: "failed", error: problemOf(await answer.text(), answer.status) };
      }
      if (now.state === "done") props("reference-stable-answer", { data: { ...now.result, press: ask.press } });
      else say(now.state === "cancelled" ? "The check was cancelled." : complaint(now.error || {}));
    } catch (_) { say(complaint(lost)); }
    props("reference-stable", { disabled: false });
    return Date.now();
  }

  // ------------------------------------------------------------------------------------------------------- the review's charts
  const plot = (id) => { const box = $(id); return box ? box.querySelector(".js-plotly-plot") : null; };
  const CHARTS = ["reference-t2", "reference-distances", "reference-picture-chart"];
  let picked = [], opener = null, pointing = false;

  function pick(rows, from) {
    picked = [...new Set(rows)].sort((a, b) => a - b);
    if (from) opener = from;
    props("reference-pick", { data: { rows: picked, press: Date.now() } });
    ring();
    if (from && picked.length) whenOpen(() => $("reference-drawer").focus());
  }

  function whenOpen(then, left = 40) {
    const drawer = $("reference-drawer");
    if (drawer && !drawer.hidden) then(); else if (left) setTimeout(() => whenOpen(then, left - 1), 50);
  }

  function close() {
    pick([]);
    if (opener && opener.isConnected) opener.focus();
    opener = null;
  }

  function ring() { // the chosen rows, ringed in every chart, without asking the server
    const chosen = new Set(picked);
    for (const id of CHARTS) {
      const gd = plot(id);
      if (!gd || !gd.data || !window.Plotly) continue;
      const rings = [], x = [], y = [], custom = [];
      gd.data.forEach((trace, k) => {
        if (trace.name !== "chosen") return;
        const found = new Map();
        gd.data.forEach((other) => {
          if (other.name === "chosen" || !other.customdata || (other.yaxis || "y") !== (trace.yaxis || "y")) return;
          other.customdata.forEach((row, i) => { if (chosen.has(row) && other.y[i] !== null) found.set(row, [other.x[i], other.y[i]]); });
        });
        rings.push(k);
        x.push([...found.values()].map((p) => p[0])); y.push([...found.values()].map((p) => p[1])); custom.push([...found.keys()]);
      });
      if (rings.length) window.Plotly.restyle(gd, { x, y, customdata: custom }, rings);
    }
  }

  function point(id, row) { // hovering over a row in one chart shows it in the other
    for (const other of CHARTS) {
      const gd = plot(other);
      if (other === id || !gd || !gd.data || !gd.offsetParent) continue;
      let at = null;
      if (row !== null) gd.data.forEach((trace, k) => {
        if (at || !trace.customdata || trace.hoverinfo === "skip") return;
        const i = trace.customdata.indexOf(row);
        if (i >= 0 && trace.y[i] !== null) at = { curveNumber: k, pointNumber: i };
      });
      pointing = true;
      try { if (at) window.Plotly.Fx.hover(gd, [at], other === "reference-t2" ? ["xy"] : undefined); else window.Plotly.Fx.unhover(gd); } catch (_) { /* it is being redrawn */ }
      pointing = false;
    }
  }

  const rowsIn = (event) => (event && event.points ? event.points.map((p) => p.customdata).filter((r) => Number.isInteger(r)) : []);

  function bind() {
    for (const id of CHARTS) {
      const gd = plot(id);
      if (!gd || !gd.on || gd.spcReview) continue;
      gd.spcReview = true;
      gd.on("plotly_click", (e) => {
        const rows = rowsIn(e).slice(0, 1), more = e.event && (e.event.shiftKey || e.event.ctrlKey);
        if (rows.length) pick(more ? [...picked, ...rows] : rows);
      });
      gd.on("plotly_selected", (e) => { const rows = rowsIn(e); if (rows.length) pick(rows); });
      gd.on("plotly_hover", (e) => { const rows = rowsIn(e); if (!pointing && rows.length) point(id, rows[0]); });
      gd.on("plotly_unhover", () => { if (!pointing) point(id, null); });
    }
  }

  // ----------------------------------------------------------------------------------------------------------------- events
  document.addEventListener("click", (event) => {
    if (!page()) return;
    const at = event.target.closest("button");
    if (!at) return;
    if (at.id === "reference-choose") choose();
    else if (at.id === "reference-fit-cancel") cancelFit();
    else if (at.id === "reference-cancel") { if (sending) sending.abort(); }
    else if (at.id === "reference-roles-apply") applyRoles(Object.fromEntries(changed().map((s) => [s.dataset.roleSelect, s.value])));
    else if (at.id === "reference-drawer-close") close();
    else if (at.id === "reference-look-all" || at.id === "reference-rows-look") { opener = at; whenOpen(() => $("reference-drawer").focus()); }
    else if (at.dataset.rows) pick(at.dataset.rows.split(",").map(Number), at);
    else if (at.dataset.look) pick([Number(at.dataset.look)], at);
    else if (at.dataset.roleOf) applyRoles({ [at.dataset.roleOf]: at.dataset.role });
    else if (at.dataset.answerFinding) props("reference-answered", { data: { key: at.dataset.answerFinding, press: Date.now() } });
  });
  const NAMES = ["reference-by", "reference-who", "reference-signer"];
  function sign(name) { // one types one's name once
    if (name) NAMES.forEach((id) => { if ($(id) && !$(id).value) props(id, { value: name }); });
  }
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-role-select]")) rolesChanged();
    if (NAMES.includes(event.target.id)) { localStorage.setItem("spc_name", event.target.value); sign(event.target.value); }
  });
  document.addEventListener("keydown", (event) => {
    const drawer = $("reference-drawer");
    if (event.key === "Escape" && drawer && !drawer.hidden && !event.defaultPrevented) close();
  });

  function place() { // the drawer begins where the review does: what stands above it, an alarm to be answered, is never covered
    const review = $("reference-review"), drawer = $("reference-drawer");
    if (!review || !drawer) return;
    const top = Math.min(Math.max(0, review.getBoundingClientRect().top), 0.45 * window.innerHeight);
    drawer.style.setProperty("--drawer-top", Math.round(top) + "px");
  }
  for (const kind of ["scroll", "resize"]) window.addEventListener(kind, place, { passive: true });

  let shown = "";
  setInterval(() => { // what has changed in the page: another model, a chart that was made anew, a job to wait for
    const here = page();
    if (!here) { shown = ""; return; }
    bind();
    place();
    const key = here.dataset.ref + "/" + here.dataset.model;
    if (key === shown) return;
    const first = shown === "";
    shown = key;
    setTimeout(() => sign(localStorage.getItem("spc_name")), 300);
    picked = [];
    opener = null;
    const job = here.querySelector("[data-job]");
    if (job && job.dataset.job) follow(job.dataset.job);
    if (!first && here.dataset.model) { // a fit has come: go on reading at its review
      window.scrollTo({ top: 0 });
      const title = here.querySelector(".review-title");
      if (title) title.focus({ preventScroll: true });
    }
  }, 200);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.spcReference = { fit, check };
  window.spcReference = { pick, picked: () => picked }; // for the tests
})();
