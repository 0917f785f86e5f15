"use strict";
(() => {
  const table = document.getElementById("board");
  const heads = [...table.tHead.rows[0].cells];
  const [NAME, RANK] = [0, 1];
  const kinds = heads.map((head) => head.dataset.kind);
  const titles = heads.map((head) => head.querySelector("button")?.firstChild.textContent ?? "rank");
  const views = [...document.querySelectorAll("input[name=view]")];
  const query = document.getElementById("query");
  const filters = { size: document.getElementById("size"), reads: document.getElementById("reads") };
  const [PARAMETERS, READS] = ["parameters", "max tokens"].map((title) => titles.indexOf(title));

  const number = (text) => (text ? Number(text) : null);
  const parse = (cell, kind) => {
    if (kind === "score") {
      const [below, above, best, worst, group] = (cell.dataset.s ?? "").split(" ").map(number);
      const value = number(cell.textContent.match(/^-?\d+\.\d+/)?.[0]);
      const end = (reach) => (reach == null || value === null ? null : Math.round(100 * value + reach) / 100);
      return { value, low: end(below && -below), high: end(above), best, worst, group };
    }
    return { value: kind === "number" ? number(cell.dataset.n) : cell.textContent.trim() };
  };
  const rows = [...table.tBodies[0].rows].map((element, place) => {
    const cells = [...element.cells];
    const values = cells.map((cell, n) => parse(cell, kinds[n]));
    values[NAME].value = cells[NAME].querySelector("a").textContent;
    return { element, cells, values, place, baseline: element.classList.contains("baseline") };
  });
  const ranked = (column) => rows.some((row) => row.values[column].best);

  const state = { view: "", sort: NAME, descending: true, query: "", size: "", reads: "" };
  const view = () => views.find((radio) => radio.value === state.view) ?? views[0];
  const shownColumns = () => {
    const scores = view().dataset.columns.split(" ").map((n) => Number(n) + RANK + 1);
    const costs = "costs" in view().dataset ? kinds.flatMap((kind, n) => (n > RANK && kind !== "score" ? [n] : [])) : [];
    return [NAME, RANK, ...scores, ...costs];
  };
  // The column that ranks, ties and rules are of: the one that rows are sorted by, or else the first of the view.
  const rankColumn = () => [state.sort, ...shownColumns()].find((n) => kinds[n] === "score" && ranked(n)) ?? -1;

  const passes = (row) => {
    if (row.baseline) return true;
    const name = row.values[NAME].value.toLowerCase();
    const parameters = row.values[PARAMETERS].value;
    const reads = row.values[READS].value;
    return (
      state.query.toLowerCase().split(/\s+/).every((word) => name.includes(word)) &&
      (!state.size || (parameters !== null && parameters <= Number(state.size))) &&
      (!state.reads || reads === null || reads >= Number(state.reads))
    );
  };
  const compare = (one, other) => {
    const [a, b] = [one.values[state.sort].value, other.values[state.sort].value];
    const blank = (value) => value === null || value === "–";
    if (blank(a) || blank(b) || a === b) return blank(a) - blank(b) || one.place - other.place;
    return (typeof a === "string" ? (a < b ? -1 : 1) : a - b) * (state.descending ? -1 : 1);
  };
  const rankText = ({ best, worst }) => (!best ? "–" : best === worst ? `${best}` : `${best}-${worst}`);
  const shownRows = () => rows.filter((row) => !row.element.hidden);

  const render = () => {
    view().checked = true;
    query.value = state.query;
    for (const [name, select] of Object.entries(filters)) select.value = state[name];
    const columns = new Set(shownColumns());
    const ranking = rankColumn();
    if (ranking < 0) columns.delete(RANK);
    heads.forEach((head, n) => {
      head.hidden = !columns.has(n);
      if (n === state.sort) head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    heads[RANK].querySelector("small").textContent = ranking < 0 ? "" : `on ${titles[ranking]}`;
    rows.sort(compare);
    let before = null;
    for (const row of rows) {
      row.cells.forEach((cell, n) => { cell.hidden = !columns.has(n); });
      row.element.hidden = !passes(row);
      if (ranking >= 0) row.cells[RANK].textContent = rankText(row.values[ranking]);
      const group = ranking === state.sort ? row.values[ranking].group : null;
      row.element.classList.toggle("divided", !row.element.hidden && before !== null && group !== before);
      if (!row.element.hidden) before = group;
    }
    table.tBodies[0].append(...rows.map((row) => row.element));
    const hidden = rows.length - shownRows().length;
    const order = kinds[state.sort] === "text" ? ["from A to Z", "from Z to A"] : ["lowest first", "highest first"];
    document.getElementById("status").textContent =
      `Sorted by ${titles[state.sort]}, ${order[Number(state.descending)]}. ` +
      `${rows.length - hidden} of ${rows.length} models shown, ${hidden} hidden` +
      `${hidden ? "; baselines always stay" : ""}.`;
  };

  // The address after # holds what differs from the page as it opens.
  const first = () => shownColumns().find((n) => kinds[n] === "score");
  const natural = (column) => kinds[column] !== "text";
  const read = () => {
    const hash = location.hash.slice(1);
    const section = document.getElementById(hash);
    if (section) {
      if (section.tagName === "DETAILS") section.open = true;
      section.scrollIntoView();
      return;
    }
    const saved = new URLSearchParams(hash);
    state.view = saved.get("view") ?? views[0].value;
    const sort = titles.indexOf(saved.get("sort") ?? "");
    state.sort = sort >= 0 && sort !== RANK ? sort : first();
    state.descending = natural(state.sort) !== saved.has("reversed");
    for (const name of ["query", "size", "reads"]) state[name] = saved.get(name) ?? "";
  };
  const write = () => {
    const saved = new URLSearchParams();
    if (view() !== views[0]) saved.set("view", state.view);
    if (state.sort !== first()) saved.set("sort", titles[state.sort]);
    if (state.descending !== natural(state.sort)) saved.set("reversed", "");
    for (const name of ["query", "size", "reads"]) if (state[name]) saved.set(name, state[name]);
    history.replaceState(null, "", `#${saved}`);
  };
  const change = (changes) => {
    Object.assign(state, changes);
    write();
    render();
  };

  heads.forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => {
      change({ sort: column, descending: column === state.sort ? !state.descending : natural(column) });
    });
  });
  for (const radio of views) {
    radio.addEventListener("change", () => {
      change({ view: radio.value });
      const column = shownColumns().includes(state.sort) ? state.sort : first();
      change({ sort: column, descending: column === state.sort ? state.descending : true });
    });
  }
  query.addEventListener("input", () => change({ query: query.value.trim() }));
  for (const [name, select] of Object.entries(filters)) {
    select.addEventListener("change", () => change({ [name]: select.value }));
  }
  addEventListener("hashchange", () => {
    read();
    render();
  });

  // Intervals are drawn to the scale of each column, which baselines below all models do not stretch.
  heads.forEach((_, column) => {
    const intervals = rows.filter((row) => row.values[column].low != null);
    const models = intervals.filter((row) => !row.baseline);
    const low = Math.min(...(models.length ? models : intervals).map((row) => row.values[column].low));
    const range = Math.max(...intervals.map((row) => row.values[column].high)) - low;
    for (const { cells, values } of intervals) {
      const within = (value) => Math.min(Math.max((value - low) / range, 0), 1);
      const [from, to] = [within(values[column].low), within(values[column].high)];
      cells[column].classList.add("bar");
      cells[column].style.setProperty("--low", from);
      cells[column].style.setProperty("--width", to - from);
      cells[column].classList.toggle("off", to === 0);
    }
  });

  // Downloads hold the rows and columns that are shown, in their order.
  const records = () => {
    const columns = shownColumns().filter((n) => n !== RANK && n !== NAME);
    const ranking = rankColumn();
    return shownRows().map(({ values, cells, baseline }) => ({
      model: values[NAME].value,
      baseline,
      names: ranking < 0 ? [values[NAME].value] : [values[NAME].value, rankText(values[ranking])],
      cells: columns.map((n) => ({ title: titles[n], kind: kinds[n], text: cells[n].innerText, ...values[n] })),
    }));
  };
  const nameHeads = () => (rankColumn() < 0 ? ["model"] : ["model", "rank"]);
  // As in gis/markdown.py: what a spreadsheet would take for a formula becomes a text.
  const FORMULA = /^(?:[\s']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/;
  const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
  const csvCell = (value) => {
    if (typeof value === "number") return `${value}`;
    const text = value ?? "";
    return `"${(FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  };
  const csv = () => {
    const width = (cell) => (cell.kind === "score" ? [cell.title, `${cell.title}: low`, `${cell.title}: high`] : [cell.title]);
    const value = (cell) => (cell.kind === "score" ? [cell.value, cell.low, cell.high] : [cell.value]);
    const lines = records().map((row) => [...row.names, ...row.cells.flatMap(value)]);
    const head = [...nameHeads(), ...(records()[0]?.cells.flatMap(width) ?? [])];
    return [head, ...lines].map((line) => line.map(csvCell).join(",")).join("\n") + "\n";
  };
  const half = ({ low, high }) => (low == null ? "" : ` ± ${((high - low) / 2).toFixed(2)}`);
  const printed = (cell) =>
    cell.kind === "score" && cell.value !== null ? `${cell.value.toFixed(2)}${half(cell)}` : cell.text.split("\n")[0];
  const printedLines = (escape) => {
    const head = [...nameHeads(), ...(records()[0]?.cells.map((cell) => cell.title) ?? [])];
    const lines = records().map((row) => [...row.names, ...row.cells.map(printed)]);
    return [head, ...lines].map((line) => line.map(escape));
  };
  const markdown = () => {
    const html = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const [head, ...lines] = printedLines((text) => html(text).replace(/([\\`*_[\]|])/g, "\\$1"));
    const rule = head.map((_, n) => (n ? "--:" : ":--"));
    return [head, rule, ...lines].map((line) => `| ${line.join(" | ")} |\n`).join("");
  };
  const LATEX = {
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "%": "\\%", "&": "\\&", "#": "\\#", _: "\\_", $: "\\$",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "±": "$\\pm$", "–": "--", "<": "\\textless{}", ">": "\\textgreater{}",
  };
  const latex = () => {
    const [head, ...lines] = printedLines((text) => text.replace(/[\\{}%&#_$~^±–<>]/g, (character) => LATEX[character]));
    const line = (cells) => `${cells.join(" & ")} \\\\\n`;
    return (
      `% \\usepackage{booktabs}\n\\begin{tabular}{l${"r".repeat(head.length - 1)}}\n\\toprule\n${line(head)}\\midrule\n` +
      `${lines.map(line).join("")}\\bottomrule\n\\end{tabular}\n`
    );
  };
  const json = () => {
    const scores = (cells) => Object.fromEntries(cells.map(({ title, kind, value, low, high, best, worst }) => [
      title, kind === "score" ? { value, low, high, best_rank: best, worst_rank: worst } : value,
    ]));
    const models = records().map(({ model, baseline, cells }) => ({ model, baseline, ...{ columns: scores(cells) } }));
    return `${JSON.stringify({ view: view().value, sorted_by: titles[state.sort], models }, null, 2)}\n`;
  };
  const formats = {
    csv: [csv, "text/csv"], md: [markdown, "text/markdown"], tex: [latex, "text/x-tex"], json: [json, "application/json"],
  };
  for (const button of document.querySelectorAll("button[data-format]")) {
    button.addEventListener("click", () => {
      const [content, type] = formats[button.dataset.format];
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([content()], { type: `${type};charset=utf-8` }));
      link.download = `leaderboard.${button.dataset.format}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  document.getElementById("controls").hidden = false;
  state.view = views[0].value;
  state.sort = first();
  read();
  render();
})();
