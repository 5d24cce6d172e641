"""Texts that try to be more than text, and how one sees that one of them was."""

LONG_WORD = "Donaudampfschifffahrtsgesellschaft" * 4

# Each holds the word "hostile", so that it is found again wherever it comes out.
TEXTS = {
    "script": "hostile</title></textarea><script>alert('hostile')</script>",
    "image": 'hostile"><img src=x onerror=alert(1)>',
    "attribute": "hostile' onmouseover='alert(1)' data-hostile='1",
    "quoted": 'hostile" onfocus="alert(1)" autofocus data-hostile="1',
    "template": "hostile{{7+7}}{% raw %}${7+7}#{7+7}hostile",
    "address": "javascript:alert('hostile')",
    "turned": "hostile\u202eelbisrever\u2066 \u200ftxet",
    "long": f"hostile{LONG_WORD}",
    "emoji": "hostile 👩‍👩‍👧‍👦 🏳️‍🌈 Z̷̢a̵l̶g̷o̴",
    "entity": "hostile&lt;img src=x onerror=alert(1)&gt;&amp;amp;",
}

# What is ASCII may name a group, too; a comma never may.
GROUPS = [text for text in TEXTS.values() if text.isascii() and "," not in text][:8]
GROUPS = [text[:120] for text in GROUPS] + ["../tenants", "a/b?c=d#e", "100%25 %2F"]

# An address may hold no <, >, " or comma.
EMAILS = [
    "o'onmouseover=alert(1)//hostile@hostile.example",
    "hostile{{7+7}}${7+7}@hostile.example",
    "a/b?c=d#e&f%2Fg+h@hostile.example",
    "javascript:alert(1)@hostile.example",
    f"{LONG_WORD}@hostile.example",
    "../../tenants@hostile.example",
]

# Runs in the page: what came of a hostile text that was taken for more than text.
SIGNS = r"""
const found = [];
const say = (what, element) => found.push(`${what}: ${element.outerHTML.slice(0, 200)}`);
for (const each of document.querySelectorAll('img[src="x"], [data-hostile]')) say('made', each);
for (const each of document.scripts) if (/hostile/.test(each.textContent)) say('script', each);
for (const each of document.querySelectorAll('*')) {
  for (const { name, value } of each.attributes) {
    if (/^on/i.test(name)) say(`attribute ${name}`, each);
    if (/^\s*(javascript|vbscript|data):/i.test(value)
        && /^(href|src|action|formaction|data|xlink:href)$/i.test(name)) say(`address`, each);
  }
}
const text = document.documentElement.textContent;
if (/hostile14|14hostile|%\}14/.test(text)) found.push('a sum was worked out');
return found;
"""

# Runs in the page: turned texts in front of something else, with nothing that keeps them apart.
TURNED = r"""
const found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const text = walk.currentNode.data;
  if (!/[\u202a-\u202e\u2066-\u2068]/.test(text)) continue;
  let box = walk.currentNode.parentElement, apart = false;
  for (; box; box = box.parentElement) {
    const { unicodeBidi, display } = getComputedStyle(box);
    // A block of its own is isolated from others, but not what else is in it.
    apart ||= /isolate|plaintext/.test(unicodeBidi) && display === 'inline';
    if (display !== 'inline' && display !== 'contents') break;
  }
  const all = box ? box.textContent : text;
  const behind = all.includes('txet') ? all.split('txet').pop() : all.replace(text, '');
  if (!apart && behind.trim()) found.push(`${box.tagName}: ${JSON.stringify(all.slice(0, 120))}`);
}
return found;
"""
