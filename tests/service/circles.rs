//! No module depends on itself by way of others: each can be read, and moved, with what is below it
//! alone.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::Path,
};

use gatehall_test_support::root;
use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, UseTree, Visibility,
    visit::{self, Visit},
};

/// Where circles are left: in these modules, and below them.
const STILL_TO_GO: [(&str, &[&str]); 3] =
    [("crates/control", &["wiring"]), ("crates/gateway", &[]), ("crates/open-webui", &[])];

#[test]
fn no_module_depends_on_itself_by_way_of_others() {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    let mut folders: Vec<_> = crates.map(|entry| entry.unwrap().path()).collect();
    folders.extend([root(), root().join("bench"), root().join("tests/support")]);
    let mut told = Vec::new();
    for folder in folders {
        let circles = Modules::read(&folder.join("src")).circles();
        let to_go = STILL_TO_GO.iter().find(|(of, _)| folder == root().join(of));
        let open = circles.into_iter().filter(|circle| {
            !to_go.is_some_and(|(_, below)| circle.iter().all(|name| name.starts_with_all(below)))
        });
        told.extend(open.map(|circle| format!("{}: {}", folder.display(), shown(&circle))));
    }
    assert!(
        told.is_empty(),
        "these modules depend on themselves:\n{}\nMove what several of them need into a module of \
         its own that needs none of them. What is only passed on with `pub use` counts where it is \
         written, so it is the place of the item that matters.",
        told.join("\n")
    );
}

#[test]
fn a_circle_is_found_where_the_items_are() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("lib.rs", "mod a; mod b; mod c; pub use b::Below;"),
        ("a.rs", "use crate::Below; pub struct Above(Below);"),
        ("b.rs", "pub struct Below; fn f() { assert!(g(crate::c::H)); }"),
        ("c.rs", "pub fn h() { super::a::Above::new() } #[cfg(test)] mod tests;"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let circles = Modules::read(folder.path()).circles();
    let circles: Vec<String> = circles.iter().map(|it| shown(it)).collect();
    assert_eq!(circles, ["a -> b -> c -> a"]);
}

/// The place of a module in its crate, or a path as it is written.
type Name = Vec<String>;

fn shown(circle: &[Name]) -> String {
    let names = circle.iter().chain(circle.first());
    let names = names.map(|name| if name.is_empty() { "crate".into() } else { name.join("::") });
    names.collect::<Vec<String>>().join(" -> ")
}

trait StartsWith {
    fn starts_with_all(&self, names: &[&str]) -> bool;
}

impl StartsWith for Name {
    fn starts_with_all(&self, names: &[&str]) -> bool {
        self.len() >= names.len() && names.iter().zip(self).all(|(a, b)| a == b)
    }
}

/// What a module says of others.
#[derive(Default)]
struct Module {
    /// Names that it brings in, and what they stand for.
    uses: Vec<(String, Name)>,
    /// Whatever it names.
    paths: BTreeSet<Name>,
}

/// All modules of a crate, but for those of tests.
struct Modules(BTreeMap<Name, Module>);

impl Modules {
    fn read(folder: &Path) -> Self {
        let mut modules = Self(BTreeMap::new());
        for file in ["lib.rs", "main.rs"].map(|file| folder.join(file)) {
            if file.exists() {
                modules.read_file(folder, &file, &Vec::new());
            }
        }
        modules
    }

    fn read_file(&mut self, folder: &Path, file: &Path, name: &Name) {
        let text = fs::read_to_string(file).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        self.read_items(folder, parsed.items, name);
    }

    fn read_items(&mut self, folder: &Path, items: Vec<Item>, name: &Name) {
        for item in items {
            let Item::Mod(module) = item else {
                self.0.entry(name.clone()).or_default().visit_item(&item);
                continue;
            };
            if module.attrs.iter().any(is_for_tests) {
                continue;
            }
            let inner = [name.as_slice(), &[module.ident.to_string()]].concat();
            if let Some((_, items)) = module.content {
                self.read_items(folder, items, &inner);
                continue;
            }
            let path = folder.join(inner.join("/"));
            let files = [path.with_extension("rs"), path.join("mod.rs")];
            let file = files.iter().find(|file| file.exists()).unwrap();
            self.read_file(folder, file, &inner);
        }
    }

    /// The module in which the item is that a path of `at` names. None if it is of another crate.
    fn place(&self, at: &Name, path: &[String], seen: &mut BTreeSet<(Name, String)>) -> Option<Name> {
        let (first, rest) = path.split_first()?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (at.clone(), rest),
            "super" => (at[..at.len().checked_sub(1)?].to_vec(), rest),
            name if self.is_module(at, name) || self.meaning(at, name).is_some() => {
                (at.clone(), path)
            }
            _ => return None,
        };
        while let Some((next, further)) = rest.split_first() {
            if next == "super" {
                at.pop();
            } else if self.is_module(&at, next) {
                at.push(next.clone());
            } else if let Some(meant) = self.meaning(&at, next) {
                // `use x::x` brings in what another crate has.
                return match seen.insert((at.clone(), next.clone())) {
                    true => self.place(&at, &[meant, further].concat(), seen),
                    false => None,
                };
            } else {
                break;
            }
            rest = further;
        }
        // A module's name alone may be that of something else.
        (!rest.is_empty()).then_some(at)
    }

    fn is_module(&self, at: &Name, name: &str) -> bool {
        self.0.contains_key(&[at.as_slice(), &[name.to_owned()]].concat())
    }

    /// What a name stands for that a module brings in.
    fn meaning(&self, at: &Name, name: &str) -> Option<&[String]> {
        let uses = &self.0.get(at)?.uses;
        uses.iter().find(|(it, _)| it == name).map(|(_, path)| path.as_slice())
    }

    /// The modules on which one depends.
    fn below(&self, name: &Name) -> BTreeSet<Name> {
        let paths = self.0[name].paths.iter();
        let mut below: BTreeSet<Name> =
            paths.filter_map(|path| self.place(name, path, &mut BTreeSet::new())).collect();
        below.remove(name);
        below
    }

    /// A shortest circle for each set of modules that depend on each other.
    fn circles(&self) -> Vec<Vec<Name>> {
        let below: BTreeMap<&Name, _> = self.0.keys().map(|name| (name, self.below(name))).collect();
        let mut known = BTreeSet::new();
        let circles = self.0.keys().filter_map(|name| circle(&below, name));
        circles.filter(|circle| known.insert(circle.iter().cloned().collect::<BTreeSet<_>>())).collect()
    }
}

/// The shortest way from a module to itself.
fn circle(below: &BTreeMap<&Name, BTreeSet<Name>>, start: &Name) -> Option<Vec<Name>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start.clone()]]);
    while let Some(way) = ways.pop_front() {
        for next in &below[way.last()?] {
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}

impl Visit<'_> for Module {
    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        if item.leading_colon.is_none() {
            let passed_on = !matches!(item.vis, Visibility::Inherited);
            self.bring_in(&item.tree, passed_on, &mut Vec::new());
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() {
            self.paths.insert(path.segments.iter().map(|it| it.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        self.visit_path(&call.path);
        self.visit_tokens(call.tokens.clone());
    }

    /// How far something can be seen is no need of anything.
    fn visit_visibility(&mut self, _: &Visibility) {}
}

impl Module {
    /// The paths in what a macro is given.
    fn visit_tokens(&mut self, tokens: TokenStream) {
        let mut path = Name::new();
        let mut colons = 0;
        for token in tokens {
            let before = std::mem::take(&mut colons);
            match token {
                TokenTree::Punct(it) if it.as_char() == ':' => colons = before + 1,
                TokenTree::Ident(it) => {
                    if before != 2 {
                        self.paths.insert(std::mem::take(&mut path));
                    }
                    path.push(it.to_string());
                }
                TokenTree::Group(it) => self.visit_tokens(it.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        self.paths.insert(path);
    }

    fn bring_in(&mut self, tree: &UseTree, passed_on: bool, path: &mut Name) {
        let (last, name) = match tree {
            UseTree::Path(it) => {
                path.push(it.ident.to_string());
                self.bring_in(&it.tree, passed_on, path);
                path.pop();
                return;
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.bring_in(tree, passed_on, path));
                return;
            }
            UseTree::Glob(_) => return,
            UseTree::Name(it) => (&it.ident, &it.ident),
            UseTree::Rename(it) => (&it.ident, &it.rename),
        };
        let (mut meant, mut name) = (path.clone(), name.to_string());
        match last == "self" {
            true if name == "self" => name = path.last().cloned().unwrap_or_default(),
            true => {}
            false => meant.push(last.to_string()),
        }
        // A macro is passed on by its bare name.
        if meant.len() > 1 {
            if !passed_on {
                self.paths.insert(meant.clone());
            }
            self.uses.push((name, meant));
        }
    }
}
