//! Programs of this machine in a guest: each with the shared libraries that it needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::lio_guest::made;

/// Copies programs into the folder `bin` of a tree, and their libraries to where they are here. Returns the names of the files and
/// folders, each folder before what is in it, as archives need it.
pub(super) fn copy(tree: &Path, programs: &[PathBuf]) -> Vec<PathBuf> {
    let mut names = BTreeSet::new();
    for program in programs {
        let name = Path::new("bin").join(program.file_name().expect("a program has a name"));
        put(tree, program, &name, &mut names);
        for library in libraries(program) {
            let name = library.strip_prefix("/").expect("a library has a full path").to_owned();
            put(tree, &library, &name, &mut names);
        }
    }
    names.into_iter().collect()
}

fn put(tree: &Path, file: &Path, name: &Path, names: &mut BTreeSet<PathBuf>) {
    let folders = name.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    names.extend(folders.map(Path::to_owned));
    if names.insert(name.to_owned()) {
        fs::copy(file, made(tree, name)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

/// The files that the dynamic linker loads for a program; none for a static one.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let listed = Command::new("ldd").arg(program).output().expect("ldd starts");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(!text.contains("not found"), "{}: {text}", program.display());
    let words = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    words.map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_comes_with_its_libraries_and_every_folder_before_its_files() {
        let tree = tempfile::tempdir().unwrap();
        let shell = fs::canonicalize("/bin/sh").unwrap();
        let names = copy(tree.path(), std::slice::from_ref(&shell));
        let own = Path::new("bin").join(shell.file_name().unwrap());
        assert!(names.contains(&own) && names.iter().any(|name| name.to_string_lossy().contains("libc.so")));
        for name in &names {
            let folder = name.parent().unwrap();
            let place = |name: &Path| names.iter().position(|known| known == name);
            assert!(folder.as_os_str().is_empty() || place(folder) < place(name), "{}", name.display());
        }
        assert_eq!(fs::read(tree.path().join(own)).unwrap(), fs::read(shell).unwrap());
    }
}
