//! Tables of modules: `session pure: scsi error`, a line for each module, from the top down.

use std::collections::BTreeSet;
use std::path::Path;

/// The modules of one crate, each above those it uses.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) modules: Vec<Module>,
}

/// A line of a table.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) uses: Vec<String>,
}

/// The restrictions on a module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No I/O, clock, randomness or hashed order.
    Pure,
    /// No tokio.
    Plain,
    /// No restriction.
    Async,
}

impl Table {
    pub(crate) fn read(name: &'static str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("layers").join(name).with_extension("txt");
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self { name, modules: lines.map(Module::parse).collect() }
    }

    /// All arrows, from a module to one it uses.
    pub(crate) fn arrows(&self) -> BTreeSet<(String, String)> {
        let arrows = |module: &Module| {
            let name = module.name.clone();
            module.uses.clone().into_iter().map(move |used| (name.clone(), used))
        };
        self.modules.iter().flat_map(arrows).collect()
    }
}

impl Module {
    fn parse(line: &str) -> Self {
        let (module, uses) = line.split_once(':').unwrap_or_else(|| panic!("no colon in {line:?}"));
        let (name, kind) = match module.split_once(' ') {
            None => (module, Kind::Plain),
            Some((name, "pure")) => (name, Kind::Pure),
            Some((name, "async")) => (name, Kind::Async),
            Some((_, other)) => panic!("{other:?} in {line:?}"),
        };
        Self { name: name.to_owned(), kind, uses: uses.split_whitespace().map(str::to_owned).collect() }
    }
}
