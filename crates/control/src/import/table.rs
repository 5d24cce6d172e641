//! A table of users, as spreadsheets write it: a header, and a row for each user.

use std::{collections::BTreeMap, str::FromStr};

use csv::{ReaderBuilder, StringRecord, WriterBuilder};
use gatehall_domain::{EmailAddress, GroupName};

use super::{Entry, Row, UserRow};

/// The columns that say something of a user.
const COLUMNS: [&str; 5] = ["email", "name", "groups", "admin", "enabled"];

/// A column that tells what is wrong with a row. It is written, and not read again.
const PROBLEM: &str = "problem";

/// What a text in Unicode may begin with.
const MARK: char = '\u{feff}';

/// What parts the cells, if a text begins with the header of such a table.
pub(super) fn separator(text: &str) -> Option<u8> {
    if let Some((separator, _)) = said_separator(text) {
        return Some(separator);
    }
    let header = text.lines().find(|line| !line.trim().is_empty())?;
    let fits = |separator: &u8| {
        let mut cells = header.split(char::from(*separator));
        cells.any(|cell| plain(cell.trim().trim_matches('"')) == "email")
    };
    [b',', b';', b'\t'].into_iter().find(fits)
}

/// What a first line `sep=;` says, as spreadsheets write and read it, and what follows that line.
fn said_separator(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end_matches('\r').trim_matches('"');
    let (name, separator) = line.split_at_checked(4)?;
    let known = [",", ";", "\t", "|"].contains(&separator);
    (name.eq_ignore_ascii_case("sep=") && known).then(|| (separator.as_bytes()[0], rest))
}

/// The users of a table.
///
/// # Errors
/// If its header cannot be understood.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, String> {
    let (header, rows) = read(text)?;
    let columns = columns(&header)?;
    let mut entries = Vec::new();
    for (number, cells) in rows {
        let place = format!("row {number}");
        if cells.len() > header.len() {
            let (has, wanted) = (cells.len(), header.len());
            let problem = format!(
                "has {has} cells, but the header {wanted}: quote cells that contain the separator"
            );
            entries.push(Entry { place, row: Err(problem) });
            continue;
        }
        match user(&columns, &cells) {
            Ok(user) => entries.push(Entry { place, row: Ok(Row::User(user)) }),
            Err((column, problem)) => {
                entries
                    .push(Entry { place: format!("{place}, column {column}"), row: Err(problem) });
            }
        }
    }
    Ok(entries)
}

/// These rows of a table alone, each with what is wrong with it.
///
/// # Errors
/// If its header cannot be understood.
pub fn wrong_rows(text: &str, problems: &BTreeMap<u64, String>) -> Result<Vec<u8>, String> {
    let said = |error: csv::Error| error.to_string();
    let (header, rows) = read(text)?;
    let old = header.iter().position(|name| plain(name) == PROBLEM);
    let text = text.trim_start_matches(MARK);
    let separator = separator(text).unwrap_or(b',');
    // Spreadsheets take what has no mark for the letters of their machine.
    let mut first = MARK.to_string().into_bytes();
    if let Some((said, _)) = said_separator(text) {
        first.extend_from_slice(&[b's', b'e', b'p', b'=', said, b'\n']);
    }
    let mut writer = WriterBuilder::new().delimiter(separator).flexible(true).from_writer(first);
    // What is wrong stands in its column, and cells that no column is for behind it.
    let mut write = |cells: &StringRecord, problem: &str| {
        let columns = (0..header.len()).filter(|at| Some(*at) != old);
        let columns = columns.map(|at| cells.get(at).unwrap_or_default());
        let surplus = cells.iter().skip(header.len());
        writer.write_record(columns.chain([problem]).chain(surplus)).map_err(said)
    };
    write(&header, PROBLEM)?;
    for (number, cells) in &rows {
        if let Some(problem) = problems.get(number) {
            write(cells, problem)?;
        }
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// The number of the row that a place names.
pub fn row_of(place: &str) -> Option<u64> {
    let rest = place.strip_prefix("row ")?;
    rest.split(',').next()?.parse().ok()
}

/// The place of a member of an entry.
pub(super) fn below(place: &str, member: &str, at: usize) -> String {
    match row_of(place) {
        Some(_) => format!("{place}, column {member}"),
        None => format!("{place}.{member}[{at}]"),
    }
}

/// The header, and the rows with their numbers as spreadsheets count them.
fn read(text: &str) -> Result<(StringRecord, Vec<(u64, StringRecord)>), String> {
    let text = text.trim_start_matches(MARK);
    let separator = separator(text).unwrap_or(b',');
    // The line is none of the table: programs that understand it do not count it.
    let text = said_separator(text).map_or(text, |(_, rest)| rest);
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let mut header =
        records.next().ok_or("the file is empty")?.map_err(|error| error.to_string())?;
    cut(&mut header);
    let mut rows = Vec::new();
    for (cells, number) in records.zip(2..) {
        let mut cells = cells.map_err(|error| error.to_string())?;
        cut(&mut cells);
        // Spreadsheets write rows of empty cells at the end.
        if !cells.is_empty() {
            rows.push((number, cells));
        }
    }
    Ok((header, rows))
}

/// Leaves out the empty cells at the end: spreadsheets give all rows as many as the longest has.
fn cut(cells: &mut StringRecord) {
    let filled = (0..cells.len()).rfind(|at| !cells[*at].is_empty()).map_or(0, |last| last + 1);
    cells.truncate(filled);
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

/// Which cell is in which column.
fn columns(header: &StringRecord) -> Result<BTreeMap<&'static str, usize>, String> {
    let mut columns = BTreeMap::new();
    for (at, name) in header.iter().enumerate() {
        let name = plain(name);
        if name == PROBLEM {
            continue;
        }
        let Some(known) = COLUMNS.iter().find(|it| **it == name) else {
            let known = COLUMNS.join(", ");
            return Err(format!("row 1: there is no column \"{name}\": the columns are {known}"));
        };
        if columns.insert(*known, at).is_some() {
            return Err(format!("row 1: the column {known} appears twice"));
        }
    }
    match columns.contains_key("email") {
        true => Ok(columns),
        false => Err("row 1: there is no column email".into()),
    }
}

type Wrong = (&'static str, String);

fn user(columns: &BTreeMap<&'static str, usize>, cells: &StringRecord) -> Result<UserRow, Wrong> {
    let cell = |column: &str| columns.get(column).map(|at| cells.get(*at).unwrap_or_default());
    let email = parsed::<EmailAddress>("email", cell("email").unwrap_or_default())?;
    let groups = cell("groups").map(|groups| {
        group_names(groups).iter().map(|name| parsed::<GroupName>("groups", name)).collect()
    });
    Ok(UserRow {
        email,
        name: cell("name").filter(|name| !name.is_empty()).map(str::to_owned),
        admin: flag("admin", cell("admin").unwrap_or_default())?,
        enabled: flag("enabled", cell("enabled").unwrap_or_default())?,
        groups: groups.transpose()?,
        manages: None,
    })
}

/// The names in a cell, which semicolons and bars part. In one that is quoted they stand for
/// themselves, and a quote is written twice.
fn group_names(cell: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = cell.trim();
    while !rest.is_empty() {
        let (name, after) = quoted_name(rest).unwrap_or_else(|| {
            let (name, after) = rest.split_once([';', '|']).unwrap_or((rest, ""));
            (name.trim().to_owned(), after)
        });
        if !name.is_empty() {
            names.push(name);
        }
        rest = after.trim_start();
    }
    names
}

/// The quoted name with which a text begins, and what follows it.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('"')?;
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => {
                let after = after.trim_start();
                let ends = after.is_empty() || after.starts_with([';', '|']);
                return ends.then(|| (name, after.get(1..).unwrap_or_default()));
            }
        }
    }
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    column: &'static str,
    text: &str,
) -> Result<T, Wrong> {
    text.parse().map_err(|error: T::Err| (column, error.to_string()))
}

/// Yes or no; none if the cell is empty.
fn flag(column: &'static str, text: &str) -> Result<Option<bool>, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" | "yes" | "1" => Ok(Some(true)),
        "false" | "no" | "0" => Ok(Some(false)),
        _ => Err((column, format!("\"{text}\" is neither yes nor no"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<(String, String)> {
        let entries = entries(text).unwrap().into_iter();
        entries.filter_map(|it| Some((it.place, it.row.err()?))).collect()
    }

    #[test]
    fn rows_become_users() {
        let text = "\u{feff}Email,name,groups,admin,enabled\r\n\
                    nora@google.example,\"Nora, N.\",a; b|c,yes,\r\n,,,,\r\nben@google.example\r\n";
        let entries = entries(text).unwrap();
        assert_eq!(entries.len(), 2);
        let Ok(Row::User(nora)) = &entries[0].row else { panic!("{:?}", entries[0]) };
        assert_eq!(nora.email.as_str(), "nora@google.example");
        assert_eq!(nora.name.as_deref(), Some("Nora, N."));
        assert_eq!(nora.groups.as_ref().unwrap().len(), 3);
        assert_eq!((nora.admin, nora.enabled), (Some(true), None));
        assert_eq!(entries[1].place, "row 4");
    }

    #[test]
    fn a_wrong_cell_is_named_by_its_place() {
        let text = "email,groups,enabled\na@b.example,,no\nnobody,,\nc@d.example,,perhaps\n,x,\n\
                    e@f.example,g,no,more\n";
        let problems = problems(text);
        let places: Vec<&str> = problems.iter().map(|it| it.0.as_str()).collect();
        let expected =
            ["row 3, column email", "row 4, column enabled", "row 5, column email", "row 6"];
        assert_eq!(places, expected);
        assert!(problems[1].1.contains("perhaps"));
    }

    #[test]
    fn a_header_has_to_be_known() {
        assert!(entries("email,colour\n").unwrap_err().contains("no column \"colour\""));
        assert!(entries("email,email\n").unwrap_err().contains("twice"));
        assert!(entries("name\n").unwrap_err().contains("no column email"));
        assert!(entries("").is_err());
    }

    #[test]
    fn tables_are_known_by_their_header() {
        assert_eq!(separator("name,Email\n"), Some(b','));
        assert_eq!(separator("\"name\";\"email\"\n"), Some(b';'));
        assert_eq!(separator("email\n"), Some(b','));
        assert_eq!(separator("email = 1\n"), None);
        assert_eq!(separator("[[users]]\nemail = \"a,b\"\n"), None);
        assert_eq!(separator("{\"users\": [1, 2]}"), None);
    }

    #[test]
    fn a_first_line_may_say_what_parts_the_cells() {
        for (line, cell) in [("sep=;", ";"), ("\"sep=;\"", ";"), ("SEP=\t", "\t"), ("sep=|", "|")] {
            let text =
                format!("{line}\r\nemail{cell}name\r\nnora@google.example{cell}N\r\nx{cell}\r\n");
            let entries = entries(&text).unwrap();
            let Ok(Row::User(nora)) = &entries[0].row else { panic!("{line}: {entries:?}") };
            assert_eq!(nora.name.as_deref(), Some("N"), "{line}");
            assert_eq!(entries[1].place, "row 3, column email", "{line}: as spreadsheets count");
            assert!(separator(&text).is_some());
            let wrong = wrong_rows(&text, &BTreeMap::from([(3, "none".to_owned())])).unwrap();
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(super::entries(&wrong).unwrap().len(), 1, "{wrong}");
        }
        assert_eq!(separator("sep=x\nemail\n"), None);
    }

    #[test]
    fn a_name_of_a_group_may_be_quoted() {
        for (cell, expected) in [
            ("a;b|c", vec!["a", "b", "c"]),
            ("\"Sales; EMEA\"; readers", vec!["Sales; EMEA", "readers"]),
            ("readers|\"a|b\"", vec!["readers", "a|b"]),
            ("\"say \"\"hi\"\"\" ;x", vec!["say \"hi\"", "x"]),
            ("\"open;x", vec!["\"open", "x"]),
            ("\"a\"b;c", vec!["\"a\"b", "c"]),
            (" ; ;", vec![]),
        ] {
            assert_eq!(group_names(cell), expected, "{cell}");
        }
        let text = "email,groups\nnora@google.example,\"\"\"Sales; EMEA\"\";readers\"\n";
        let entries = entries(text).unwrap();
        let Ok(Row::User(nora)) = &entries[0].row else { panic!("{entries:?}") };
        let groups = nora.groups.as_ref().unwrap().iter().map(ToString::to_string);
        assert_eq!(groups.collect::<Vec<_>>(), ["Sales; EMEA", "readers"]);
    }

    #[test]
    fn wrong_rows_come_back_with_what_is_wrong() {
        let text = "email;name\na@b.example;A\nnobody;\"N;O\"\n";
        let problems = BTreeMap::from([(3, "no address".to_owned())]);
        let made = String::from_utf8(wrong_rows(text, &problems).unwrap()).unwrap();
        // Spreadsheets take it for what it is.
        assert_eq!(made, "\u{feff}email;name;problem\nnobody;\"N;O\";no address\n");
        // Mended, it is imported again, and what was said of it is left out.
        let again = wrong_rows(&made, &BTreeMap::from([(2, "still".to_owned())])).unwrap();
        assert!(String::from_utf8(again).unwrap().ends_with("nobody;\"N;O\";still\n"));
        assert_eq!(entries(&made).unwrap()[0].place, "row 2, column email");
        assert_eq!(row_of("row 12, column email"), Some(12));
        assert_eq!(row_of("users[3]"), None);
    }

    #[test]
    fn a_row_that_comes_back_has_all_its_cells() {
        let text = "sep=,\nemail,name,groups\nnora@google.example,Nora, N.,readers,more\n";
        let problems = BTreeMap::from([(2, "too many".to_owned())]);
        let made = String::from_utf8(wrong_rows(text, &problems).unwrap()).unwrap();
        let row = "nora@google.example,Nora,N.,too many,readers,more\n";
        assert_eq!(made, format!("\u{feff}sep=,\nemail,name,groups,problem\n{row}"));
        assert!(entries(&made).unwrap()[0].row.as_ref().unwrap_err().contains("6 cells"));
        let again = wrong_rows(&made, &problems).unwrap();
        assert_eq!(String::from_utf8(again).unwrap(), made, "as often as it is mended");
        // Spreadsheets give all rows the cells of the longest, also when these were emptied.
        let mended = "\u{feff}email,name,groups,problem,,\n\
                      nora@google.example,\"Nora, N.\",readers|more,too many,,\n";
        let entries = entries(mended).unwrap();
        let Ok(Row::User(nora)) = &entries[0].row else { panic!("{entries:?}") };
        assert_eq!(nora.name.as_deref(), Some("Nora, N."));
        assert_eq!(nora.groups.as_ref().unwrap().len(), 2);
    }
}
