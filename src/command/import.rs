use std::{env::VarError, io::Read, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;
use gatehall_control::import::{
    Choice, FileText, Filling, Lists, Plan, PlanRow, State, read_filled,
};

use crate::{
    office::Office,
    output::{self, Format, Table, error},
    settings::StoreSettings,
};

/// Compare a file with what is there, show the plan, and apply it.
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// A tenants.json, a server list, Gatehall's own TOML, YAML or JSON, or a table of users (CSV);
    /// - for standard input.
    file: PathBuf,
    /// Apply the plan, as one change, if no row is wrong.
    #[arg(long)]
    apply: bool,
    /// Variables that fill in what the file leaves open: with DOMAIN, ${DOMAIN} in it becomes the
    /// value of that variable. As an entry of a list it becomes all that the value lists, separated
    /// by commas. Those of Gatehall itself are never read.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    fill: Vec<String>,
    /// With --apply: also remove grants of the file's tenants, and memberships an import gave, that
    /// the file does not say.
    #[arg(long, requires = "apply")]
    prune: bool,
    /// Of these lists of the file, separated by commas, only add what is missing: what is there
    /// stays as it is, with all that hangs on it. Without names: of all.
    #[arg(
        long,
        value_name = "LISTS",
        num_args = 0..,
        require_equals = true,
        value_delimiter = ',',
        value_parser = clap::builder::PossibleValuesParser::new(Lists::names()),
        conflicts_with = "prune"
    )]
    only_missing: Option<Vec<String>>,
    /// Also show the rows that stay as they are.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(settings: &StoreSettings, options: ImportOptions) -> Result<ExitCode> {
    let name = options.file.display().to_string();
    let bytes = match name.as_str() {
        "-" => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).context("reading standard input")?;
            bytes
        }
        _ => std::fs::read(&options.file).with_context(|| format!("reading {name}"))?,
    };
    let FileText { text, guessed } =
        FileText::of(&bytes).with_context(|| format!("{name} is not text: save it as UTF-8"))?;
    if guessed {
        error(
            "The file is not Unicode and was read as Windows-1252: check letters such as \u{f6}.",
        );
    }
    let filling = filling(&options.fill)?;
    let entries = read_filled(&name, &text, &filling).with_context(|| name.clone())?;
    let office = Office::of_gate(settings).await?;
    let desk = office.desk();
    let choice =
        Choice { extra: options.prune, only_missing: options.lists(), ..Choice::default() };
    let plan = match options.apply {
        true => desk.import(&entries, choice).await?,
        false => desk.plan(&entries, choice).await?,
    };
    if options.format.json {
        output::json(&plan)?;
    } else {
        print(&plan, options.all);
    }
    if !plan.is_sound() {
        error("Rows are wrong, so nothing was changed. Fix them and import again.");
        return Ok(ExitCode::FAILURE);
    }
    let count = plan.changes(choice).count();
    match (options.apply, count) {
        (_, 0) if plan.rows.is_empty() => error("The file has no rows: nothing to apply."),
        (_, 0) => error("Everything is already as the file says."),
        (true, count) => error(&format!("Applied as one revision. Changes: {count}.")),
        (false, count) => error(&format!("Changes: {count}. Apply them with --apply.")),
    }
    Ok(ExitCode::SUCCESS)
}

impl ImportOptions {
    /// The lists of which only what is missing is wanted.
    fn lists(&self) -> Lists {
        let with = |lists: Lists, name: &str| lists.with(name);
        match self.only_missing.as_deref() {
            None => Lists::default(),
            Some([]) => Lists::names().fold(Lists::default(), with),
            Some(names) => names.iter().map(String::as_str).fold(Lists::default(), with),
        }
    }
}

/// What fills in the file, from the environment. What is not set counts as empty, which is told
/// where the file needs it.
fn filling(names: &[String]) -> Result<Filling> {
    let mut values = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if name.to_ascii_uppercase().starts_with("GATEHALL_") {
            bail!(
                "--fill {name}: variables of Gatehall itself are not filled in, since they may be secret"
            );
        }
        let value = match std::env::var(name) {
            Ok(value) => value,
            Err(VarError::NotPresent) => String::new(),
            Err(VarError::NotUnicode(_)) => bail!("--fill {name}: its value is no text"),
        };
        values.push((name.to_owned(), value));
    }
    Ok(Filling::new(values))
}

fn print(plan: &Plan, all: bool) {
    let mut table = Table::new(&["state", "kind", "name", "place", "what"]);
    // What is wrong stands last, where it is seen.
    let is_wrong = |row: &&PlanRow| matches!(row.state, State::Wrong { .. });
    let (wrong, sound): (Vec<_>, Vec<_>) = plan.rows.iter().partition(is_wrong);
    for row in sound.into_iter().chain(wrong) {
        let what = match &row.state {
            State::Changed { fields } => fields.join(", "),
            State::Kept { fields } => format!("stays as it is: {}", fields.join(", ")),
            State::Wrong { reason } => reason.clone(),
            State::Todo { what } => what.clone(),
            State::Extra => "not in the file; --prune removes it".into(),
            State::New | State::Unchanged => String::new(),
        };
        // What stays as it is would hide what does not.
        if all || !matches!(row.state, State::Unchanged) {
            table.row([
                row.state.as_str().into(),
                row.kind.into(),
                row.name.clone(),
                row.place.clone(),
                what,
            ]);
        }
    }
    table.print("");
    let counts = ["new", "changed", "kept", "unchanged", "extra", "to do", "wrong"];
    let is_told = |state: &&&str| **state != "kept" || plan.count(state) > 0;
    let counts =
        counts.iter().filter(is_told).map(|state| format!("{} {state}", plan.count(state)));
    error(&counts.collect::<Vec<_>>().join(", "));
}
