// The replay page in the browser: sending a file, asking for a replay and waiting for it. The server decides; this only carries words.
(function () {
  "use strict";
  const API = "/api/v1", POLL_MS = 150;
  const $ = (id) => document.getElementById(id);
  const say = (words) => { if ($("replay-said")) $("replay-said").textContent = words; };
  const busy = (now) => { if ($("replay-run")) $("replay-run").disabled = now; };
  const words = (told, status) => [told.detail || told.title || "The server answered " + status + ".", told.cure].filter(Boolean).join(" ");
  const picked = (id) => { const list = document.querySelector('[data-into="' + id + '"]'); return list ? list.value : ""; };
  const go = (query) => window.dash_clientside.set_props("url", { search: "?" + new URLSearchParams(query) });

  async function ask(path, options) {
    const answer = await fetch(API + path, options);
    const told = await answer.json();
    if (!answer.ok) throw new Error(words(told, answer.status));
    return told;
  }

  function body() {
    const source = picked("replay-source"), [kind, ...rest] = source.split(":"), id = rest.join(":");
    const [k, n] = picked("replay-watch").split(" of ").map(Number);
    const whole = (name) => { const v = $(name).value.trim(); return v ? Number(v) : null; };
    const names = ["replay-one", "replay-other"].map(picked).filter(Boolean);
    const list = document.querySelector('[data-into="replay-one"]');
    const called = (value, j) => (j ? "Challenger " : "Champion ") + value.slice(0, 8);
    const asked = { candidates: names.map((value, j) => ({ model_id: value, name: called(value, j) })), watch: { k, n, back: 3 } };
    if (!source || !list || !names.length) throw new Error("Choose the rows and at least one model.");
    if (kind === "line") Object.assign(asked, { line: id, first: whole("replay-first"), last: whole("replay-last") });
    else Object.assign(asked, { reference_id: id, truth: $("replay-truth").value.trim() });
    return asked;
  }

  async function run() {
    busy(true);
    say("Asking …");
    try {
      const headers = { "Content-Type": "application/json" };
      const { job } = await ask("/replays", { method: "POST", headers, body: JSON.stringify(body()) });
      for (;;) {
        const told = await ask("/jobs/" + job);
        if (told.state === "done") { say(""); go({ job }); return; }
        if (told.state === "failed") throw new Error(words(told.error || {}, 500));
        if (told.state === "cancelled") throw new Error("The replay was cancelled.");
        say("Playing … " + Math.round(100 * told.progress) + " %");
        await new Promise((wake) => setTimeout(wake, POLL_MS));
      }
    } catch (wrong) { say(wrong.message); } finally { busy(false); }
  }

  async function upload(file) {
    const form = new FormData();
    form.append("file", file, file.name);
    say("Sending " + file.name + " …");
    try { const told = await ask("/references", { method: "POST", body: form }); go({ file: told.id }); } catch (wrong) { say(wrong.message); }
  }

  document.addEventListener("click", (e) => {
    if (e.target.closest && e.target.closest("#replay-run")) run();
    if (e.target.closest && e.target.closest("#replay-upload")) {
      const input = document.createElement("input");
      input.type = "file";
      input.accept = ".csv,.txt,.tsv,text/csv,text/plain";
      input.addEventListener("change", () => { if (input.files.length) upload(input.files[0]); });
      input.click();
    }
  });
})();
