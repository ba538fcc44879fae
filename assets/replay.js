// The replay page in the browser: sending a file, asking for a replay, waiting for it, cancelling it, and making a model the line's.
// The server decides; this only carries words.
(function () {
  "use strict";
  const API = "/api/v1", POLL_MS = 150, NEW = "new";
  const $ = (id) => document.getElementById(id);
  const put = (id, words) => { if ($(id)) $(id).textContent = words; };
  const say = (words) => put("replay-said", words);
  const show = (id, shown) => { if ($(id)) $(id).hidden = !shown; };
  const words = (told, status) => [told.detail || told.title || "The server answered " + status + ".", told.cure].filter(Boolean).join(" ");
  const list = (id) => document.querySelector('[data-into="' + id + '"]');
  const picked = (id) => (list(id) ? list(id).value : "");
  const called = (id) => (list(id) && list(id).selectedIndex >= 0 ? list(id).options[list(id).selectedIndex].text : "");
  const typed = (id) => ($(id) ? $(id).value.trim() : "");
  const go = (query) => window.dash_clientside.set_props("url", { search: "?" + new URLSearchParams(query) });
  let running = "";

  function busy(job) {
    running = job || "";
    if ($("replay-run")) $("replay-run").disabled = Boolean(job);
    show("replay-running", Boolean(job));
    if ($("replay-bar")) $("replay-bar").value = 0;
  }

  async function ask(path, method, body) {
    const options = { method: method || "GET" };
    if (body instanceof FormData) options.body = body;
    else if (body) Object.assign(options, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const answer = await fetch(API + path, options);
    const told = await answer.json();
    if (!answer.ok) throw new Error(words(told, answer.status));
    return told;
  }

  async function done(job, tell) {
    for (;;) {
      const told = await ask("/jobs/" + job);
      if (told.state === "done") return told.result;
      if (told.state === "failed") throw new Error(words(told.error || {}, 500));
      if (told.state === "cancelled") throw new Error("The replay was cancelled. Nothing of it was kept.");
      tell(told);
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  // "0.0027", "370", "1 per week", "1 per week every 45s": the words of a recipe
  function promised(text) {
    const [said, every] = text.split(/\s+every\s+/);
    const value = Number(said.replace(",", "."));
    const made = every ? { every } : {};
    if (!said) return made;
    if (!Number.isFinite(value)) return { ...made, false_alarms: said };
    return value < 1 ? { ...made, alpha: value } : { ...made, arl0: value };
  }

  function fresh() {
    if (!picked("replay-ref")) throw new Error("Choose the reference that the challenger is fitted to.");
    const recipe = { estimator: JSON.parse(picked("replay-estimator")), charts: picked("replay-charts").split(","), limit: picked("replay-limit") };
    return { reference_id: picked("replay-ref"), recipe: { ...recipe, ...promised(typed("replay-alpha")) }, name: "Challenger" };
  }

  function whole(id, label) {
    const said = typed(id);
    if (said && !/^\d+$/.test(said)) throw new Error(label + ": “" + said + "” is not the number of a row. Write for instance 120.");
    return said ? Number(said) : null;
  }

  function body() {
    const [kind, ...rest] = picked("replay-source").split(":"), id = rest.join(":");
    const [k, n] = picked("replay-watch").split(" of ").map(Number);
    const one = picked("replay-one"), other = picked("replay-other");
    const candidates = one ? [{ model_id: one, name: "Champion" }] : [];
    if (other === NEW) candidates.push(fresh());
    else if (other) candidates.push({ model_id: other, name: "Challenger" });
    if (!kind || !candidates.length) throw new Error("Choose the rows and at least one model.");
    const asked = { candidates, watch: { k, n, back: 3 } };
    const stretch = { since: typed("replay-since") || null, until: typed("replay-until") || null };
    Object.assign(stretch, { first: whole("replay-first", "From row"), last: whole("replay-last", "To row") });
    if (kind === "line") return { ...asked, ...stretch, line: id };
    if (Object.values(stretch).some(Boolean)) throw new Error("A file is played as a whole. Leave from and to empty, or cut the file.");
    return { ...asked, reference_id: id, truth: typed("replay-truth") };
  }

  async function follow(begun) {
    try {
      const query = await begun();
      busy(query.job);
      await done(query.job, (told) => {
        if ($("replay-bar")) $("replay-bar").value = told.progress;
        say((told.stage || "waiting") + " … " + Math.round(100 * told.progress) + " %");
      });
      say("");
      go(query);
    } catch (wrong) { say(wrong.message); } finally { busy(""); }
  }

  const run = () => follow(async () => {
    const asked = body();
    say("Asking …");
    return { job: (await ask("/replays", "POST", asked)).job };
  });

  const wait = () => follow(async () => ({ job: $("replay-wait").dataset.job, waited: 1 }));

  async function end() {
    try {
      await ask("/replays/" + $("replay-wait").dataset.job, "DELETE");
      go({});
      say("The replay was cancelled. Nothing of it was kept.");
    } catch (wrong) { say(wrong.message); }
  }

  async function cancel() {
    try { if (running) await ask("/replays/" + running, "DELETE"); } catch (wrong) { say(wrong.message); }
  }

  async function upload(file) {
    const form = new FormData();
    form.append("file", file, file.name);
    say("Sending " + file.name + " …");
    try { const told = await ask("/references", "POST", form); go({ file: told.id, one: picked("replay-one"), other: picked("replay-other") }); } catch (wrong) { say(wrong.message); }
  }

  function choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = ".csv,.txt,.tsv,text/csv,text/plain";
    input.addEventListener("change", () => { if (input.files.length) upload(input.files[0]); });
    input.click();
  }

  // the model that judges the line whose rows are chosen is the usual champion
  function seat() {
    const judge = "judges " + called("replay-source"), one = list("replay-one");
    const found = one && !one.value && [...one.options].find((item) => item.text.endsWith(judge));
    if (found) one.value = found.value;
  }

  // the id of the chosen model, which is stored first when it was fitted for the replay alone
  async function stored(note) {
    const chosen = picked("replay-chosen");
    if (!chosen.startsWith("keep:")) return chosen;
    const job = $("replay-job").dataset.job;
    put("replay-decided", "Storing the model …");
    const asked = await ask("/replays/" + job + "/keep", "POST", { candidate: chosen.slice(5), by: typed("replay-by"), note });
    const made = await done(asked.job, () => {});
    const item = list("replay-chosen").options[list("replay-chosen").selectedIndex];
    item.value = made.id;
    return made.id;
  }

  function question() {
    show("replay-sure", false);
    put("replay-decided", "");
    const missing = !picked("replay-line") ? "Choose the line." : !typed("replay-reason") ? "Say why: the reason is kept." : !typed("replay-by") ? "Say who you are: it is kept." : "";
    if (missing) return put("replay-decided", missing);
    put("replay-question", called("replay-line") + " will be judged by " + called("replay-chosen") + ", from its next row on, in place of the model that judges it now.");
    show("replay-sure", true);
    $("replay-no").focus();
  }

  async function decide(both) {
    show("replay-sure", false);
    const line = picked("replay-line"), reason = typed("replay-reason"), by = typed("replay-by");
    try {
      if (!both && !by) throw new Error("Say who you are: it is kept.");
      const model = await stored(reason);
      if (!both) return put("replay-decided", "The model is stored. No line is judged by it yet.");
      const made = await ask("/models/" + model + "/activate", "POST", { line, reason, by });
      const since = made.after_seq ? "from the row after " + made.after_seq + " on" : "from its first row on";
      put("replay-decided", [called("replay-line") + " is judged by " + called("replay-chosen") + " " + since + ".", made.warning].filter(Boolean).join(" "));
    } catch (wrong) { put("replay-decided", wrong.message); }
  }

  const presses = {
    "replay-run": run, "replay-cancel": cancel, "replay-wait": wait, "replay-end": end, "replay-upload": choose, "replay-decide": question,
    "replay-yes": () => decide(true), "replay-keep": () => decide(false), "replay-no": () => show("replay-sure", false),
  };
  document.addEventListener("click", (e) => {
    const pressed = e.target.closest && e.target.closest("button[id^=replay-]");
    if (pressed && presses[pressed.id]) presses[pressed.id]();
  });
  document.addEventListener("change", (e) => {
    if (e.target === list("replay-source")) seat();
    if (e.target === list("replay-other")) show("replay-new", picked("replay-other") === NEW);
    if (e.target === list("replay-chosen") || e.target === list("replay-line")) show("replay-sure", false);
  });
})();
