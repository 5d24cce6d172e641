//! No module depends on itself by way of others, so that each can be read, and moved, with what is
//! below it alone.

mod module;
mod modules;

use std::fs;

use gatehall_test_support::root;

use self::{module::Name, modules::Modules};

/// Crates in which circles are left, and the module below which they are.
const STILL_TO_GO: [(&str, &str); 2] = [("crates/control", "wiring"), ("crates/open-webui", "")];

const REMEDY: &str = "Move what several of them need into a module of its own, below all of them. \
    An item counts where it is written, not where `pub use` passes it on.";

#[test]
fn no_module_depends_on_itself_by_way_of_others() {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    let mut folders: Vec<_> = crates.map(|entry| entry.unwrap().path()).collect();
    folders.extend([root(), root().join("bench"), root().join("tests/support")]);
    let mut told = Vec::new();
    for folder in folders {
        let is_to_go = |circle: &[Name]| {
            let of_crate = STILL_TO_GO.iter().find(|(it, _)| folder == root().join(it));
            let is_below = |name: &Name, below| name.join("::").starts_with(below);
            of_crate.is_some_and(|(_, below)| circle.iter().all(|name| is_below(name, *below)))
        };
        let circles = Modules::read(&folder.join("src")).circles();
        let left = circles.iter().filter(|circle| !is_to_go(circle));
        told.extend(left.map(|circle| format!("{}: {}", folder.display(), shown(circle))));
    }
    assert!(told.is_empty(), "modules need each other:\n{}\n{REMEDY}", told.join("\n"));
}

#[test]
fn a_circle_is_found_where_the_items_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    file("lib.rs", "mod a; mod b; mod c; pub use b::Below;");
    file("a.rs", "use crate::Below; pub struct Above(Below);");
    file("b.rs", "pub struct Below; fn f() -> bool { matches!(crate::c::g(), [a, ..]) }");
    file("c.rs", "pub fn g() { super::a::Above::new() } #[cfg(test)] mod tests;");
    let circles = || Modules::read(folder.path()).circles();
    assert_eq!(circles().iter().map(|it| shown(it)).collect::<Vec<_>>(), ["a -> b -> c -> a"]);
    file("c.rs", "#[cfg(test)] mod tests { use crate::a::Above; } pub use super::a::Above;");
    assert!(circles().is_empty(), "neither tests nor what is passed on is a need");
}

fn shown(circle: &[Name]) -> String {
    let names = circle.iter().chain(circle.first());
    let names = names.map(|name| if name.is_empty() { "crate".into() } else { name.join("::") });
    names.collect::<Vec<String>>().join(" -> ")
}
