use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::Path,
    slice,
};

use syn::{Attribute, Item, visit::Visit};

use super::module::{Module, Name};

/// All modules of a crate, but for those of its tests.
pub(super) struct Modules(BTreeMap<Name, Module>);

impl Modules {
    pub(super) fn read(folder: &Path) -> Self {
        let mut modules = Self(BTreeMap::new());
        for file in ["lib.rs", "main.rs"].map(|file| folder.join(file)) {
            if file.exists() {
                modules.read_file(folder, &file, Name::new());
            }
        }
        modules
    }

    fn read_file(&mut self, folder: &Path, file: &Path, name: Name) {
        let text = fs::read_to_string(file).unwrap();
        let read = syn::parse_file(&text);
        let read = read.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.read_items(folder, read.items, name);
    }

    fn read_items(&mut self, folder: &Path, items: Vec<Item>, name: Name) {
        let mut module = Module::default();
        for item in items {
            let Item::Mod(inner) = item else {
                module.visit_item(&item);
                continue;
            };
            if inner.attrs.iter().any(is_for_tests) {
                continue;
            }
            let name = [name.as_slice(), &[inner.ident.to_string()]].concat();
            if let Some((_, items)) = inner.content {
                self.read_items(folder, items, name);
                continue;
            }
            let path = folder.join(name.join("/"));
            let files = [path.with_extension("rs"), path.join("mod.rs")];
            let file = files.iter().find(|file| file.exists()).unwrap();
            self.read_file(folder, file, name);
        }
        let known = self.0.entry(name).or_default();
        known.uses.extend(module.uses);
        known.paths.extend(module.paths);
    }

    /// The module in which the item is written that a path of the module `at` names. None if it is
    /// one of another crate, or no item.
    fn place(&self, at: &Name, path: &[String], seen: &mut BTreeSet<Name>) -> Option<Name> {
        let mut at = at.clone();
        let mut rest = match path.first()?.as_str() {
            "crate" => {
                at.clear();
                &path[1..]
            }
            "self" => &path[1..],
            _ => path,
        };
        while let Some((next, further)) = rest.split_first() {
            let below = [at.as_slice(), slice::from_ref(next)].concat();
            if next == "super" {
                at.pop()?;
            } else if self.0.contains_key(&below) {
                at = below;
            } else if let Some((_, meant)) = self.0[&at].uses.iter().find(|(it, _)| it == next) {
                // `use x::x` is for what another crate has.
                let path = [meant, further].concat();
                return seen.insert(below).then(|| self.place(&at, &path, seen))?;
            } else {
                // Nobody has brought it in: it is written here, or in what Rust itself brings.
                return (rest.len() < path.len()).then_some(at);
            }
            rest = further;
        }
        None
    }

    /// The modules that one needs.
    fn needs(&self, name: &Name) -> BTreeSet<Name> {
        let paths = self.0[name].paths.iter();
        let places = paths.filter_map(|path| self.place(name, path, &mut BTreeSet::new()));
        places.filter(|place| place != name).collect()
    }

    /// A shortest circle through each module that is in one.
    pub(super) fn circles(&self) -> BTreeSet<Vec<Name>> {
        let needs = self.0.keys().map(|name| (name, self.needs(name))).collect();
        let circles = self.0.keys().filter_map(|name| circle(&needs, name));
        // Told from its first module on, however it was found.
        let told = circles.map(|mut circle| {
            let first = (0..circle.len()).min_by_key(|at| &circle[*at]).unwrap_or_default();
            circle.rotate_left(first);
            circle
        });
        told.collect()
    }
}

/// The shortest way from a module to itself.
fn circle(needs: &BTreeMap<&Name, BTreeSet<Name>>, start: &Name) -> Option<Vec<Name>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start.clone()]]);
    while let Some(way) = ways.pop_front() {
        for next in &needs[way.last()?] {
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back([way.as_slice(), slice::from_ref(next)].concat());
            }
        }
    }
    None
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}
