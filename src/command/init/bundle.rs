//! The deployment's own files, as this program was built with them.

/// One of them.
#[derive(Debug)]
pub(super) struct Bundled {
    /// Where it lies in the folder.
    pub(super) path: &'static str,
    pub(super) text: &'static str,
    /// Whether it is a program.
    pub(super) runs: bool,
    /// Whether another one may be there in its place without a word.
    pub(super) is_free: bool,
}

macro_rules! file {
    ($path:literal, runs) => {
        Bundled { runs: true, ..file!($path) }
    };
    ($path:literal, free) => {
        Bundled { is_free: true, ..file!($path) }
    };
    ($path:literal) => {
        Bundled {
            path: $path,
            text: include_str!(concat!("../../../deploy/compose/", $path)),
            runs: false,
            is_free: false,
        }
    };
}

/// What `.env` is made of.
pub(super) const VARIABLES: &str = ".env.example";

/// All of them, those first without which nothing works.
pub(super) const FILES: &[Bundled] = &[
    file!("compose.yaml"),
    file!(".env.example"),
    file!(".gitignore", free),
    file!("README.md", free),
    file!("company.toml"),
    file!("backup", runs),
    file!("gatehall", runs),
    file!("pin", runs),
    file!("restore", runs),
    file!("authentik/gatehall.yaml"),
    file!("authentik/start.sh", runs),
    file!("examples/company.toml"),
    file!("examples/everything/Dockerfile"),
    file!("examples/everything/package-lock.json"),
    file!("examples/everything/package.json"),
    file!("examples/time/Dockerfile"),
    file!("examples/time/requirements.txt"),
    file!("postgres/dumps.sh", runs),
    file!("postgres/prepare.sh", runs),
    file!("postgres/start.sh", runs),
    file!("systemd/gatehall-backup.service"),
    file!("systemd/gatehall-backup.timer"),
    file!("traefik/dynamic/middlewares.yaml"),
    file!("traefik/dynamic/routes.yaml"),
    file!("valkey/ping.sh", runs),
    file!("valkey/start.sh", runs),
];

/// The text of one.
pub(super) fn text(path: &str) -> &'static str {
    FILES.iter().find(|it| it.path == path).map(|it| it.text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path};

    use super::*;

    fn walk(folder: &Path, below: &str, found: &mut BTreeSet<(String, bool)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{below}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), &format!("{path}/"), found),
                false => {
                    let mode = entry.metadata().unwrap().permissions().mode();
                    found.insert((path, mode & 0o100 != 0));
                }
            }
        }
    }

    #[test]
    fn the_program_carries_the_whole_deployment() {
        let mut there = BTreeSet::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/compose");
        walk(&folder, "", &mut there);
        // What somebody who tries it there has made.
        there.retain(|(path, _)| path != ".env" && !path.starts_with("secrets/"));
        let carried: Vec<_> = FILES.iter().map(|it| (it.path.to_owned(), it.runs)).collect();
        let once: BTreeSet<_> = carried.iter().cloned().collect();
        assert_eq!(once.len(), carried.len(), "each once: {carried:?}");
        assert_eq!(once, there, "list them in src/command/init/bundle.rs");
    }

    #[test]
    fn the_image_is_that_of_this_program() {
        let image = format!("\nGATEHALL_IMAGE=gatehall:{}\n", env!("CARGO_PKG_VERSION"));
        assert!(text(VARIABLES).contains(&image), "deploy/compose/.env.example:{image}");
    }
}
