//! The modules of a crate as its source files declare them, without tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, UseTree};

/// Names from the root of a crate: `["session", "task"]`.
pub(crate) type ModulePath = Vec<String>;

/// All modules of a crate.
pub(crate) struct SourceTree {
    modules: BTreeMap<ModulePath, Source>,
}

/// One module.
pub(crate) struct Source {
    pub(crate) items: Vec<Item>,
    /// Modules declared in it.
    children: BTreeSet<String>,
    /// Names that a `use` brings into it, with the path as it is written there.
    imports: BTreeMap<String, Vec<String>>,
}

impl SourceTree {
    pub(crate) fn parse(root: &Path) -> Self {
        let mut tree = Self { modules: BTreeMap::new() };
        tree.load(root, root.parent().unwrap(), Vec::new());
        tree
    }

    /// A file, and the folder that its child modules are in.
    fn load(&mut self, file: &Path, folder: &Path, path: ModulePath) {
        let text =
            std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add(parsed.items, folder, path);
    }

    fn add(&mut self, items: Vec<Item>, folder: &Path, path: ModulePath) {
        let items: Vec<_> = items.into_iter().filter(|item| !is_test(attributes(item))).collect();
        let mut children = BTreeSet::new();
        let mut kept = Vec::new();
        for item in items {
            let Item::Mod(module) = item else {
                kept.push(item);
                continue;
            };
            let name = module.ident.to_string();
            let child: ModulePath = path.iter().cloned().chain([name.clone()]).collect();
            children.insert(name.clone());
            match module.content {
                Some((_, items)) => self.add(items, &folder.join(&name), child),
                None => self.load(&folder.join(&name).with_extension("rs"), &folder.join(&name), child),
            }
        }
        let imports =
            kept.iter().filter_map(|item| if let Item::Use(item) = item { Some(item) } else { None });
        let imports = imports.flat_map(|item| use_paths(&item.tree)).collect();
        self.modules.insert(path, Source { items: kept, children, imports });
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = (&ModulePath, &Source)> {
        self.modules.iter()
    }

    /// The names of the modules directly below the root.
    pub(crate) fn top_modules(&self) -> BTreeSet<String> {
        self.modules[&Vec::new()].children.clone()
    }

    /// The module that a path written in `from` leads to; `None` for other crates and local names.
    pub(crate) fn resolve(&self, from: &[String], written: &[String]) -> Option<ModulePath> {
        self.follow(from, written, 8)
    }

    fn follow(&self, from: &[String], written: &[String], patience: usize) -> Option<ModulePath> {
        let (first, rest) = written.split_first()?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (from.to_vec(), rest),
            "super" => (from.split_last()?.1.to_vec(), rest),
            child if self.modules[from].children.contains(child) => (from.to_vec(), written),
            _ => return None,
        };
        while let Some((name, further)) = rest.split_first() {
            if name == "super" {
                at.pop()?;
            } else if self.modules[&at].children.contains(name) {
                at.push(name.clone());
            } else if let (Some(import), 1..) = (self.modules[&at].imports.get(name), patience) {
                return self.follow(&at, import, patience - 1).or(Some(at));
            } else {
                break;
            }
            rest = further;
        }
        Some(at)
    }
}

/// The paths of a `use`, each with the name it has afterwards.
pub(crate) fn use_paths(tree: &UseTree) -> Vec<(String, Vec<String>)> {
    match tree {
        UseTree::Path(path) => {
            let first = path.ident.to_string();
            let prefixed = |(name, rest): (String, Vec<String>)| {
                let name = if name == "self" { first.clone() } else { name };
                (
                    name,
                    std::iter::once(first.clone())
                        .chain(rest.into_iter().filter(|part| part != "self"))
                        .collect(),
                )
            };
            use_paths(&path.tree).into_iter().map(prefixed).collect()
        }
        UseTree::Name(name) => vec![(name.ident.to_string(), vec![name.ident.to_string()])],
        UseTree::Rename(rename) => vec![(rename.rename.to_string(), vec![rename.ident.to_string()])],
        UseTree::Glob(_) => vec![("*".to_owned(), vec!["*".to_owned()])],
        UseTree::Group(group) => group.items.iter().flat_map(use_paths).collect(),
    }
}

/// Is this compiled for tests only?
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test" || condition.contains("all (test")
        }
        meta => meta.path().is_ident("test"),
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The folder of the sources below a root file, for messages.
pub(crate) fn shown(path: &[String]) -> String {
    PathBuf::from_iter(path).display().to_string()
}
