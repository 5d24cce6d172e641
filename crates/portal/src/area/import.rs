//! Files compared with what is there, and applied; and the file that says all that is there.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    handler::Handler,
    response::{IntoResponse, Response},
};
use gatehall_control::import::{
    Choice, Entry, Plan, PlanRow, ReadError, Row, State as RowState, is_table, read, table,
};
use gatehall_domain::{Change, Refusal, Snapshot};
use http::{
    StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    audit_export::guarded,
    import_people::People,
    import_upload::{LARGEST_FILE, Upload},
};
use crate::web::{Admin, Book, Done, Face, Fault, Frame, Portal, Shared, Short, Visitor, render};

pub(super) fn ways(book: Book) -> Book {
    let limit = || DefaultBodyLimit::max(LARGEST_FILE);
    book.area("import")
        .page("/import", form)
        .act::<Upload, PlanView, _, _>("/import/plan", "Plan an import", plan.layer(limit()))
        .act::<Upload, Done, _, _>("/import", "Import a file", apply.layer(limit()))
        .form("/import/wrong.csv", wrong_rows.layer(limit()))
        .show::<Value, _, _>("/export", "Export everything", export)
}

/// As many rows of each state are shown on the page.
const OF_EACH: usize = 200;

/// The states, what needs somebody first.
const STATES: [(&str, &str); 6] = [
    ("wrong", "bad"),
    ("to do", "warn"),
    ("extra", "warn"),
    ("new", "good"),
    ("changed", "good"),
    ("unchanged", ""),
];

#[derive(Template)]
#[template(path = "import/form.html")]
struct ImportForm {
    frame: Frame,
    upload: Upload,
    problem: Option<String>,
}

async fn form(admin: Admin) -> Response {
    let (frame, upload) = (admin.frame("Import"), Upload::default());
    render(StatusCode::OK, &ImportForm { frame, upload, problem: None })
}

/// What an import would do.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "import/plan.html")]
struct PlanView {
    #[serde(skip)]
    frame: Frame,
    #[serde(flatten)]
    plan: Plan,
    /// Whether no row is wrong, so that it can be applied.
    sound: bool,
    /// How many changes applying it takes.
    changes: usize,
    /// How many more it takes to also remove what is not in the file.
    removals: usize,
    /// Of a table: what it means for the people in it.
    people: Option<People>,
    /// What to send back to apply this plan and no other.
    seen: String,
    /// Whether it is another plan than the one that was looked at.
    #[serde(skip)]
    moved: bool,
    #[serde(skip)]
    upload: Upload,
}

/// The rows of one state.
struct Section<'p> {
    state: &'static str,
    tone: &'static str,
    count: usize,
    rows: Vec<&'p PlanRow>,
}

impl PlanView {
    fn new(visitor: &Visitor, plan: Plan, upload: Upload) -> Self {
        let (changes, seen) = (plan.changes(Choice::default()).count(), plan.fingerprint());
        Self {
            frame: visitor.frame("Import plan"),
            sound: plan.is_sound(),
            changes,
            removals: plan.count("extra"),
            moved: upload.seen.as_ref().is_some_and(|it| *it != seen),
            seen,
            people: is_table(&upload.read_as(), &upload.text).then(|| People::of(&plan)),
            plan,
            upload,
        }
    }

    fn sections(&self) -> impl Iterator<Item = Section<'_>> {
        STATES.into_iter().map(|(state, tone)| {
            let rows = self.plan.rows.iter().filter(|row| row.state.as_str() == state);
            Section {
                state,
                tone,
                count: self.plan.count(state),
                rows: rows.take(OF_EACH).collect(),
            }
        })
    }
}

impl Section<'_> {
    fn more(&self) -> usize {
        self.count - self.rows.len()
    }
}

/// The rows of a file.
///
/// # Errors
/// If the file as a whole cannot be read.
fn entries(upload: &Upload) -> Result<Vec<Entry>, ReadError> {
    let mut entries = read(&upload.read_as(), &upload.text)?;
    for entry in &mut entries {
        // Whoever writes to the portal may not read this machine's files by it.
        let reads_file = match &entry.row {
            Ok(Row::Connection(row)) => row.credentials.iter().any(|it| it.file.is_some()),
            Ok(Row::Provider(row)) => row.client_secret_file.is_some(),
            _ => false,
        };
        if reads_file {
            let problem = "names a file with a secret, which only `gatehall import` reads: leave \
                           it out and give the secret afterwards, or name an environment variable";
            entry.row = Err(problem.into());
        }
    }
    Ok(entries)
}

/// What an import takes that is made here, and not at the command line.
fn prepare(
    portal: &Portal,
    snapshot: &Snapshot,
    entries: &[Entry],
    choice: Choice,
) -> (Vec<Change>, Plan) {
    portal.desk.prepare_import(snapshot, entries, choice, &|change| portal.may(change))
}

/// A file that cannot be read is shown again with what is wrong.
fn refused(admin: &Admin, upload: Upload, problem: &str) -> Result<Response, Fault> {
    let problem = Short::text(problem);
    match admin.face {
        Face::Api => Err(Fault::field("text", problem)),
        Face::Page => {
            let page = ImportForm { frame: admin.frame("Import"), upload, problem: Some(problem) };
            Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

async fn plan(admin: Admin, State(portal): Shared, upload: Upload) -> Result<Response, Fault> {
    if upload.text.trim().is_empty() {
        return refused(&admin, upload, "is empty: choose a file, or paste its content");
    }
    let entries = match entries(&upload) {
        Ok(entries) => entries,
        Err(error) => return refused(&admin, upload, &error.to_string()),
    };
    let (_, plan) = prepare(&portal, &admin.snapshot, &entries, Choice::default());
    Ok(admin.show(&PlanView::new(&admin, plan, upload)))
}

async fn apply(admin: Admin, State(portal): Shared, upload: Upload) -> Result<Response, Fault> {
    let entries = entries(&upload).map_err(|error| Fault::field("text", error.to_string()))?;
    let prepared = |snapshot: &_| {
        let (changes, plan) = prepare(&portal, snapshot, &entries, upload.choice());
        let moved = upload.seen.as_ref().is_some_and(|seen| *seen != plan.fingerprint());
        Ok((if moved { Vec::new() } else { changes }, (plan, moved)))
    };
    let (revision, (plan, moved)) = match portal.change(&admin, prepared).await {
        // The page that comes back has the file, and offers to sign in again.
        Err(Fault::SignInTooOld { .. }) if admin.face == Face::Page => {
            let (_, plan) = prepare(&portal, &admin.snapshot, &entries, Choice::default());
            let view = PlanView::new(&admin, plan, upload);
            return Ok(render(StatusCode::FORBIDDEN, &view));
        }
        made => made?,
    };
    if moved {
        return match admin.face {
            Face::Api => {
                Err(Refusal::Changed { kind: "plan", name: "of the import".into() }.into())
            }
            Face::Page => {
                let view = PlanView::new(&admin, plan, upload);
                Ok(render(StatusCode::CONFLICT, &view))
            }
        };
    }
    if plan.is_sound() || upload.partial {
        return Ok(admin.done(revision, "/import"));
    }
    if admin.face == Face::Api
        && let Some((row, reason)) = problems(&plan).next()
    {
        let problem = format!("{reason} ({} wrong; nothing was applied)", plan.count("wrong"));
        return Err(Fault::field(&row.place, problem));
    }
    let view = PlanView::new(&admin, plan, upload);
    Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &view))
}

/// The rows that are wrong, and why.
fn problems(plan: &Plan) -> impl Iterator<Item = (&PlanRow, &str)> {
    plan.rows.iter().filter_map(|row| match &row.state {
        RowState::Wrong { reason } => Some((row, reason.as_str())),
        _ => None,
    })
}

/// The wrong rows of a table, to be mended and imported again.
async fn wrong_rows(
    admin: Admin,
    State(portal): Shared,
    upload: Upload,
) -> Result<Response, Fault> {
    let unreadable = |problem: String| Fault::field("text", problem);
    if !is_table(&upload.read_as(), &upload.text) {
        return Err(unreadable("is not a table: fix the places that the plan names".into()));
    }
    let entries = entries(&upload).map_err(|error| unreadable(error.to_string()))?;
    let (_, plan) = prepare(&portal, &admin.snapshot, &entries, Choice::default());
    let mut wrong: BTreeMap<u64, String> = BTreeMap::new();
    for (row, reason) in problems(&plan) {
        let Some(number) = table::row_of(&row.place) else { continue };
        let said = wrong.entry(number).or_default();
        let between = if said.is_empty() { "" } else { "; " };
        *said = format!("{said}{between}{reason}");
    }
    for said in wrong.values_mut() {
        *said = guarded(said);
    }
    let text = table::wrong_rows(&upload.text, &wrong).map_err(unreadable)?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (CONTENT_DISPOSITION, "attachment; filename=\"wrong.csv\""),
    ];
    Ok((headers, text).into_response())
}

/// Everything but secrets and keys.
async fn export(admin: Admin) -> Result<Response, Fault> {
    let document = gatehall_control::export(admin.snapshot.company());
    if admin.face == Face::Api {
        return Ok(Json(document).into_response());
    }
    let text = serde_json::to_string_pretty(&document).map_err(|error| Fault::ours(&error))?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_DISPOSITION, "attachment; filename=\"company.json\""),
    ];
    Ok((headers, text).into_response())
}
