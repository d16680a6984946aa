//! Uses of modules: each other, and names of other crates.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{ItemUse, Macro};

use crate::source_tree::{ModulePath, SourceTree, is_test, shown, use_paths};

/// Beginnings of the paths of tokio.
pub(crate) const TOKIO: &[&str] = &["tokio", "tokio_util"];
/// Ends of paths that reach a clock, randomness, I/O or a hashed order.
pub(crate) const AMBIENT: &[&str] = &[
    "HashMap",
    "HashSet",
    "Instant::now",
    "SystemTime",
    "TcpStream",
    "UdpSocket",
    "fs",
    "getrandom",
    "process",
    "rand",
    "thread",
];

/// All arrows between modules at the top level, with one of the places each is in.
pub(crate) fn between_modules(sources: &SourceTree) -> BTreeMap<(String, String), String> {
    let mut arrows = BTreeMap::new();
    for (path, written) in paths(sources) {
        let (Some(from), Some(to)) = (path.first(), sources.resolve(path, &written)) else { continue };
        if let Some(to) = to.first().filter(|to| *to != from) {
            let place = format!("{}: {}", shown(path), written.join("::"));
            arrows.insert((from.clone(), to.clone()), place);
        }
    }
    arrows
}

/// The paths in a module at the top level, and below it, that name one of these.
pub(crate) fn uses_of(sources: &SourceTree, module: &str, names: &[&str]) -> Vec<String> {
    let inside = paths(sources).into_iter().filter(|(path, _)| path.first().is_some_and(|top| top == module));
    let found = inside.filter(|(_, written)| {
        let written = format!("::{}::", written.join("::"));
        names.iter().any(|name| written.contains(&format!("::{name}::")))
    });
    found.map(|(path, written)| format!("{} in {}", written.join("::"), shown(path))).collect()
}

/// Every path that is written in a module, with the module.
fn paths(sources: &SourceTree) -> Vec<(&ModulePath, Vec<String>)> {
    let in_module = |(path, source): (_, &crate::source_tree::Source)| {
        let mut written = Written(Vec::new());
        source.items.iter().for_each(|item| written.visit_item(item));
        written.0.into_iter().map(move |written| (path, written))
    };
    sources.modules().flat_map(in_module).collect()
}

struct Written(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Written {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_test(&item.attrs) {
            self.0.extend(use_paths(&item.tree).into_iter().map(|(_, path)| path));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// Macros take what they like: every run of names with `::` between them counts.
    fn visit_macro(&mut self, call: &'ast Macro) {
        let text = call.tokens.to_string().replace(" :: ", "::");
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let runs = text.split(|c| !is_name(c)).filter(|run| run.contains("::"));
        self.0.extend(runs.map(|run| run.split("::").map(str::to_owned).collect()));
        visit::visit_macro(self, call);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }
}
