
(function () {
  "use strict";
  var d = document;
  d.documentElement.className = "on";
  function all(query) { return [].slice.call(d.querySelectorAll(query)); }

  // One incident at a time; without a script all of them are shown.
  var cases = all(".case");
  function pick() {
    var hash = location.hash.slice(1), known = cases.some(function (c) { return c.id === hash; });
    var chosen = known || hash === "incidents-all" ? hash : pick.last || (cases[0] && cases[0].id);
    pick.last = chosen;
    cases.forEach(function (c) { c.hidden = chosen !== "incidents-all" && c.id !== chosen; });
    all("[data-p]").forEach(function (a) {
      if (a.dataset.p === chosen) { a.setAttribute("aria-current", "true"); } else { a.removeAttribute("aria-current"); }
    });
    var target = hash === "incidents-all" ? d.getElementById("incidents") : known && d.getElementById(hash);
    if (target) { target.scrollIntoView(); }
  }
  addEventListener("hashchange", pick);
  pick();

  var box = d.getElementById("q"), chips = all(".chip"), rows = all("#sct tbody tr"), shown = d.getElementById("shown");
  function filter() {
    var words = box.value.toLowerCase().split(/\s+/), count = 0;
    var on = chips.filter(function (b) { return b.getAttribute("aria-pressed") === "true"; })
      .map(function (b) { return b.dataset.f; });
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      var fits = (!on.length || on.indexOf(row.dataset.v) >= 0) && words.every(function (w) { return text.indexOf(w) >= 0; });
      row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    shown.textContent = count + " of " + rows.length + " shown";
  }
  if (box) {
    box.addEventListener("input", filter);
    chips.forEach(function (b) {
      b.addEventListener("click", function () {
        b.setAttribute("aria-pressed", b.getAttribute("aria-pressed") === "true" ? "false" : "true");
        filter();
      });
    });
  }

  // Paper shows everything.
  var kept = [];
  addEventListener("beforeprint", function () { kept = all(".case[hidden],#sct tr[hidden]"); kept.forEach(function (e) { e.hidden = false; }); });
  addEventListener("afterprint", function () { kept.forEach(function (e) { e.hidden = true; }); });
})();
