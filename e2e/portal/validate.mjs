// Validates saved pages: gets their files as a JSON list on standard input, and prints one object:
// file -> what is wrong with it. (The package's own program wants a newer Node than Debian has.)
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.GATEHALL_TEST_TOOLS}/portal/package.json`);
const { HtmlValidate, StaticConfigLoader } = require("html-validate");

// What the standard says, and what assistive programs need; nothing about style.
const config = {
  root: true,
  extends: ["html-validate:standard", "html-validate:document", "html-validate:a11y"],
  rules: {
    "form-dup-name": ["error", { shared: ["radio", "checkbox", "submit", "button", "reset"] }],
    "input-attributes": "error",
    "no-implicit-button-type": "off",
    "no-raw-characters": ["error", { relaxed: true }],
    "no-redundant-for": "off",
    "prefer-native-element": "off",
    "require-sri": ["error", { target: "crossorigin" }],
  },
};

// A list of values is sent as fields of one name.
const LISTS = /Duplicate form control name "(shown|was|ticked|add|remove)"/;

const validator = new HtmlValidate(new StaticConfigLoader(config));
const found = {};
for (const file of JSON.parse(readFileSync(0, "utf8"))) {
  const report = await validator.validateString(readFileSync(file, "utf8"), file);
  found[file] = report.results
    .flatMap((result) => result.messages)
    .filter((it) => !LISTS.test(it.message))
    .map((it) => `${it.line}:${it.column} ${it.message} (${it.ruleId}) at ${it.selector ?? "-"}`);
}
console.log(JSON.stringify(found));
