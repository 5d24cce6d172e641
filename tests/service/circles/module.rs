use std::{collections::BTreeSet, mem};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    ItemUse, Macro, Path, UseTree, Visibility,
    visit::{self, Visit},
};

/// The place of a module in its crate, or a path as it is written.
pub(super) type Name = Vec<String>;

/// What one module names.
#[derive(Default)]
pub(super) struct Module {
    /// Names that `use` brings in, and what they stand for.
    pub(super) uses: Vec<(String, Name)>,
    /// Whatever it needs, as it is written.
    pub(super) paths: BTreeSet<Name>,
}

impl Visit<'_> for Module {
    fn visit_item_use(&mut self, item: &ItemUse) {
        if item.leading_colon.is_none() {
            let is_passed_on = !matches!(item.vis, Visibility::Inherited);
            self.bring_in(&item.tree, is_passed_on, &mut Name::new());
        }
    }

    fn visit_path(&mut self, path: &Path) {
        if path.leading_colon.is_none() {
            self.paths.insert(path.segments.iter().map(|it| it.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &Macro) {
        self.visit_path(&call.path);
        self.visit_tokens(call.tokens.clone());
    }

    /// `pub(in path)` needs nothing of the path.
    fn visit_visibility(&mut self, _: &Visibility) {}
}

impl Module {
    /// Reads a `use`. What is only passed on is no need.
    fn bring_in(&mut self, tree: &UseTree, is_passed_on: bool, path: &mut Name) {
        let (last, name) = match tree {
            UseTree::Path(it) => {
                path.push(it.ident.to_string());
                self.bring_in(&it.tree, is_passed_on, path);
                path.pop();
                return;
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|it| self.bring_in(it, is_passed_on, path));
            }
            // Only tests bring in all there is.
            UseTree::Glob(_) => return,
            UseTree::Name(it) => (&it.ident, &it.ident),
            UseTree::Rename(it) => (&it.ident, &it.rename),
        };
        // `use a::{self, b}`
        let is_self = last == "self";
        let name = match path.last() {
            Some(above) if is_self && name == "self" => above.clone(),
            _ => name.to_string(),
        };
        let mut meant = path.clone();
        meant.extend((!is_self).then(|| last.to_string()));
        // A macro is passed on by its bare name.
        if meant.len() > 1 {
            self.uses.push((name, meant.clone()));
            self.paths.extend((!is_passed_on).then_some(meant));
        }
    }

    /// Reads the paths in what a macro is given.
    fn visit_tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons) = (Name::new(), 0);
        for token in tokens {
            let before = mem::take(&mut colons);
            match token {
                TokenTree::Punct(it) if it.as_char() == ':' => colons = before + 1,
                TokenTree::Ident(it) => {
                    if before != 2 {
                        self.paths.insert(mem::take(&mut path));
                    }
                    path.push(it.to_string());
                }
                TokenTree::Group(it) => self.visit_tokens(it.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        self.paths.insert(path);
    }
}
