//! What keeps the project tidy: lengths, names, and documents that say what is so.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gatehall_test_support::root;

/// A file is read in one sitting.
const MOST_LINES: usize = 400;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let built = path == root().join("target") || name == "node_modules";
        let passing = name.starts_with('.') || built;
        match path.is_dir() {
            true if !passing => files(&path, found),
            true => {}
            false => found.push(path),
        }
    }
}

#[test]
fn files_are_short_and_migrations_are_numbered() {
    let mut found = Vec::new();
    files(&root(), &mut found);
    let source = found.iter().filter(|path| path.extension().is_some_and(|it| it == "rs"));
    for path in source {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines: split it by meaning", path.display());
    }
    let migrations = found.iter().filter(|path| path.starts_with(root().join("migrations")));
    for path in migrations {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (number, what) =
            name.split_once('_').unwrap_or_else(|| panic!("{name}: NNNN_what.sql"));
        let numbered = number.len() == 4 && number.bytes().all(|it| it.is_ascii_digit());
        let named = what.strip_suffix(".sql").is_some_and(|what| {
            !what.is_empty() && what.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
        });
        assert!(numbered && named, "{name}: NNNN_what.sql");
    }
}

#[test]
fn the_page_of_settings_is_what_the_program_says() {
    let page = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    let said = gatehall::reference();
    assert_eq!(page.trim(), said.trim(), "gatehall reference > docs/settings.md");
}

/// The blocks of this language in a document.
fn examples(document: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_files_shown_in_the_documents_can_be_imported() {
    let mut shown = 0;
    for (document, language) in
        [("README.md", "toml"), ("docs/import.md", "toml"), ("docs/import.md", "json")]
    {
        for (number, text) in examples(document, language).iter().enumerate() {
            // A secret's file is not on this machine.
            let text = text.replace("file = \"/run/secrets/google-key\"", "environment = \"KEY\"");
            let home = crate::program::Home::new();
            let file = home.file(&format!("example.{language}"), &text);
            home.must(&["import", &file, "--apply"]);
            assert!(!home.must(&["connection", "list"]).is_empty(), "{document} {number}");
            shown += 1;
        }
    }
    assert_eq!(shown, 4);
}

/// Where the links of a document lead, but for those that leave the project.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let paths = targets.filter_map(|target| target.split('#').next());
    paths.filter(|path| !path.is_empty() && !path.contains("://")).collect()
}

#[test]
fn every_link_of_a_document_leads_to_a_file() {
    let mut found = Vec::new();
    files(&root(), &mut found);
    let documents = found.iter().filter(|path| path.extension().is_some_and(|it| it == "md"));
    let mut count = 0;
    for document in documents {
        let text = fs::read_to_string(document).unwrap();
        for link in links(&text) {
            let there = document.parent().unwrap().join(link).exists();
            assert!(there, "{} leads to {link}, and there is no such file", document.display());
            count += 1;
        }
    }
    assert!(count > 50, "{count} links");
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let named: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            text.contains('_')
                && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
        })
        .collect();
    assert!(named.len() > 50, "{named:?}");
    let mut found = Vec::new();
    for folder in ["crates", "deploy", "src", "tests", "e2e"] {
        files(&root().join(folder), &mut found);
    }
    let is_source = |path: &&PathBuf| path.extension().is_some_and(|it| it == "rs" || it == "py");
    let sources: Vec<String> =
        found.iter().filter(is_source).map(|path| fs::read_to_string(path).unwrap()).collect();
    for name in named {
        let (rust, python) = (format!("fn {name}("), format!("def test_{name}("));
        let there = sources.iter().any(|text| text.contains(&rust) || text.contains(&python));
        assert!(there, "docs/security.md names {name}, and there is no such test");
    }
}
