// What makes the pages quicker to use. Everything works without it.
"use strict";

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Keys: Ctrl-K or / to search, ? for help. Those of a single letter can be turned off.
const letters = document.documentElement.dataset.letters !== "off";
document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const palette = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (palette) {
        event.preventDefault();
        one("#palette-query")?.focus();
        one("#palette-query")?.select();
    } else if (letters && !typing && event.key === "/") {
        event.preventDefault();
        (one("main input[type=search]") ?? one("#palette-query"))?.focus();
    } else if (letters && !typing && event.key === "?") {
        location.href = "/shortcuts";
    } else if (event.key === "Escape" && one(".found")) {
        if (one(".found").contains(document.activeElement)) query.focus();
        close_palette();
    }
});

// The palette: what is found hangs below the field, and arrows go through it.
const query = one("#palette-query");
let asked = 0;

function close_palette() {
    one(".found")?.remove();
}

async function search() {
    const text = query.value.trim();
    const number = ++asked;
    if (!text) return close_palette();
    const answer = await fetch(`/api/v1/search?q=${encodeURIComponent(text)}`);
    // By now somebody may have typed on, or gone elsewhere.
    if (!answer.ok || number !== asked || document.activeElement !== query) return;
    const { found } = await answer.json();
    close_palette();
    const list = document.createElement("ul");
    list.className = "found";
    list.id = "palette-found";
    for (const each of found) {
        const link = document.createElement("a");
        link.href = each.href;
        link.append(each.name);
        const kind = document.createElement("small");
        kind.append(each.kind);
        link.append(kind);
        const item = document.createElement("li");
        item.append(link);
        list.append(item);
    }
    if (!found.length) list.append(Object.assign(document.createElement("li"), { textContent: "Nothing found" }));
    // Where a link takes no focus by a click, the list would be gone before it is followed.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    query.form.append(list);
    one("#palette-said").textContent = `${found.length} found`;
}

if (query) {
    query.setAttribute("aria-keyshortcuts", "Control+K");
    const said = Object.assign(document.createElement("span"), { id: "palette-said", className: "unseen" });
    said.setAttribute("role", "status");
    query.form.append(said);
    let timer;
    query.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(search, 120);
    });
    query.form.addEventListener("keydown", (event) => {
        const links = all(".found a");
        const at = links.indexOf(document.activeElement);
        const next = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
        if (next === undefined || !links.length) return;
        event.preventDefault();
        (links[next] ?? query).focus();
    });
    query.form.addEventListener("focusout", (event) => {
        if (!query.form.contains(event.relatedTarget)) close_palette();
    });
}

// The matrix: arrows move between cells, and those that are pending are marked.
const matrix = one(".matrix");
if (matrix) {
    const rows = all("tbody tr", matrix).map((row) => all("td", row).map((cell) => one("input[type=checkbox]", cell)));
    const place = (cell) => {
        for (const [y, row] of rows.entries()) {
            const x = row.indexOf(cell);
            if (x >= 0) return [x, y];
        }
    };
    matrix.addEventListener("keydown", (event) => {
        // It would press the first button of the form, which leads to another page.
        if (event.key === "Enter" && event.target.matches("input")) return event.preventDefault();
        const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        const at = step && place(event.target);
        if (!at) return;
        event.preventDefault();
        rows[at[1] + step[1]]?.[at[0] + step[0]]?.focus();
    });
    // What is ticked goes along with the form's own buttons, and is lost elsewhere.
    const form = matrix.closest("form");
    const pending = () => one("[name=add], [name=remove], .pending", form) !== null;
    let leaving = false;
    form.addEventListener("submit", () => { leaving = true; });
    addEventListener("beforeunload", (event) => { if (pending() && !leaving) event.preventDefault(); });
    matrix.addEventListener("change", ({ target }) => {
        const member = one("[name=was]", target.closest("td")) !== null;
        target.closest("td").classList.toggle("pending", target.checked !== member);
    });
}

// Copies what stands beside a button.
for (const button of all("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(one(button.dataset.copy).textContent);
        button.textContent = "Copied";
    });
}

// A file goes into the field for pasting, so that it can be looked at first. One that is not UTF-8
// stays where it is, and is read by the gate.
const file = one("input[type=file][data-into]");
if (file) {
    const text = one(file.dataset.into);
    const name = one("input[name=file_name]");
    file.addEventListener("change", async () => {
        if (!file.files.length) return;
        try {
            const decoded = new TextDecoder("utf-8", { fatal: true }).decode(await file.files[0].arrayBuffer());
            if (decoded.includes("\0")) return;
            text.value = decoded;
        } catch {
            return;
        }
        name.value = file.files[0].name;
        file.value = "";
    });
    // What is pasted or mended may be of another format than the file was.
    text.addEventListener("input", () => { name.value = ""; });
}

// What was done is told once: not again by the address, nor by a page that the browser kept.
const here = new URL(location.href);
if (here.searchParams.has("done")) {
    for (const name of ["done", "twice"]) here.searchParams.delete(name);
    history.replaceState(history.state, "", here);
}
addEventListener("pageshow", ({ persisted }) => {
    if (persisted) one("#notice .notice")?.remove();
});

// A part that cannot be brought up to date stays as it was, and the page says so.
function stale({ detail: { ctx } }) {
    one("#stale")?.remove();
    const said = Object.assign(document.createElement("p"), { id: "stale", className: "warning" });
    if (ctx?.response?.status === 401) {
        const link = Object.assign(document.createElement("a"), { href: "/oauth2/sign_in", target: "_blank", textContent: "Sign in again in a new tab" });
        said.append("You are no longer signed in. ", link, ".");
    } else {
        said.append("Part of this page could not be refreshed.");
    }
    one("#notice").append(said);
}
document.addEventListener("htmx:response:error", stale);
document.addEventListener("htmx:error", stale);

// After a part of the page was replaced, tell it.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    // This is also said where nothing was replaced, since it failed.
    if (ctx?.response?.status >= 400) return;
    one("#stale")?.remove();
    const said = one("#found-count");
    if (said) said.textContent = one(".pager p")?.textContent ?? "";
});
