//! A folder with a deployment: what is there, and what is added.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, Permissions},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use gatehall_compose_folder::{
    Dotenv,
    chat_env::{self, Verdict},
    secret_files::{self, CLOSED, FOLDER, Found, Kind, READ, SECRETS, SecretFile},
    table, variables as dotenv,
};
use gatehall_vault::{key_file, new_secret};
use secrecy::{ExposeSecret, SecretString};

use super::{
    bundle::{self, Bundled},
    draft,
    questions::{Kind as Asked, Known, QUESTIONS, Question},
    variables,
};

/// What is there.
pub(super) struct Deployment {
    pub(super) folder: PathBuf,
    pub(super) variables: Option<Dotenv>,
    pub(super) secrets: BTreeMap<&'static str, SecretString>,
    /// Secrets that the containers' users may not read.
    unread: Vec<&'static str>,
    /// Secrets of which it cannot be said what they are.
    unclear: Vec<&'static str>,
    /// Whether `.env` is there and cannot be read.
    has_unclear_variables: bool,
    /// What has to be mended before anything is written.
    pub(super) problems: Vec<String>,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) made: Vec<String>,
    pub(super) changed: Vec<String>,
}

impl Deployment {
    /// Looks at a folder, and changes nothing.
    pub(super) fn look(folder: &Path) -> Self {
        let mut it = Self {
            folder: folder.to_owned(),
            variables: None,
            secrets: BTreeMap::new(),
            unread: Vec::new(),
            unclear: Vec::new(),
            has_unclear_variables: false,
            problems: Vec::new(),
        };
        match fs::metadata(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return it,
            Err(error) => {
                it.problems.push(format!("{} cannot be entered: {error}", folder.display()));
                return it;
            }
            Ok(metadata) if !metadata.is_dir() => {
                it.problems.push(format!("{} is no folder: name another", folder.display()));
                return it;
            }
            Ok(metadata) if metadata.permissions().mode() & 0o002 != 0 => it.problems.push(format!(
                "everybody may write in {0}, and so decide what is run there: chmod o-w {0}, or \
                 choose another with --folder",
                folder.display()
            )),
            Ok(_) => {}
        }
        match dotenv::read(folder) {
            Ok(variables) => it.variables = variables,
            Err(problem) => {
                it.has_unclear_variables = true;
                it.problems.push(problem);
            }
        }
        if let Some(variables) = &it.variables {
            it.problems.extend(dotenv::twice(variables));
            it.problems.extend(unasked_problems(variables));
        }
        let secrets = folder.join(FOLDER);
        if let Some(problem) = secret_files::folder_problem(&secrets) {
            it.problems.push(problem);
            it.unclear.extend(secret_files::names());
            return it;
        }
        for file in &SECRETS {
            match secret_files::find(&secrets, file) {
                Found::Missing => {}
                Found::Bad(problem) => {
                    it.problems.push(problem);
                    it.unclear.push(file.name);
                }
                Found::There { secret, is_read } => {
                    it.secrets.insert(file.name, secret);
                    it.unread.extend((!is_read).then_some(file.name));
                }
            }
        }
        it
    }

    /// Whether there is an answer to a question of which it cannot be said what it is.
    pub(super) fn is_unclear(&self, question: &Question) -> bool {
        match question.kind {
            Asked::Secret => self.unclear.contains(&question.name),
            Asked::Variable | Asked::Provider => self.has_unclear_variables,
        }
    }

    /// A variable that has a value.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.as_ref()?.get(name).filter(|it| !it.is_empty())
    }

    /// The deployment's own files that are not those of this program.
    pub(super) fn differing(&self) -> Vec<&'static str> {
        let differs = |it: &&Bundled| {
            let there = fs::read(self.folder.join(it.path));
            !it.is_free && there.is_ok_and(|there| there != it.text.as_bytes())
        };
        bundle::FILES.iter().filter(differs).map(|it| it.path).collect()
    }

    /// What is wrong with Open WebUI's variables, once this is known.
    pub(super) fn chat_problem(&self, known: &Known) -> Option<String> {
        let path = self.folder.join(FOLDER).join(chat_env::NAME);
        let there = match fs::read_to_string(&path) {
            Ok(there) => there,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => return Some(format!("{} cannot be read: {error}", path.display())),
        };
        // One that is yet to be made up is no other than any.
        let secret = |name: &str| {
            let there = self.secrets.get(name).or_else(|| known.secrets.get(name));
            Some(there.cloned().unwrap_or_else(|| SecretString::from("yet to be made up")))
        };
        match chat_env::judge(Some(&there), &secret) {
            Ok(Verdict::Right | Verdict::Write(_)) => None,
            Ok(Verdict::Wrong(problem)) | Err(problem) => Some(problem),
        }
    }

    /// Makes the folder itself, if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn make_folder(&self) -> Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&self.folder)
            .with_context(|| format!("{} cannot be made", self.folder.display()))
    }

    /// Adds what is missing, once all of it is known.
    ///
    /// # Errors
    /// What could not be written. A further run goes on from there.
    pub(super) fn complete(&self, known: &Known, values: Values) -> Result<Done> {
        let mut done = Done::default();
        self.write_variables(&values, &mut done)?;
        self.write_secrets(known, &mut done)?;
        self.renew_chat(&mut done)?;
        for file in bundle::FILES {
            self.write_own(file, &mut done)?;
        }
        Ok(done)
    }

    fn write_variables(&self, values: &Values, done: &mut Done) -> Result<()> {
        let name = dotenv::NAME;
        let path = self.folder.join(name);
        let mut text = variables::filled(self.variables.as_ref(), &values.missing)
            .map_err(|problem| anyhow!("{name}: {problem}"))?;
        for (variable, value) in &values.changed {
            text = dotenv::changed(&text, variable, value).map_err(|it| anyhow!("{name}: {it}"))?;
        }
        let Some(before) = &self.variables else {
            return make(&path, text.as_bytes(), dotenv::MODE, name, done);
        };
        draft::clear(&path)?;
        if text == before.text() {
            return Ok(());
        }
        // A link to a file elsewhere stays one.
        let path = path.canonicalize()?;
        if fs::read(&path)? != before.text().as_bytes() {
            bail!("somebody changed {name} meanwhile: run this again");
        }
        let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
        draft::replace(&path, text.as_bytes(), mode).with_context(|| format!("writing {name}"))?;
        done.changed.push(name.to_owned());
        Ok(())
    }

    fn write_secrets(&self, known: &Known, done: &mut Done) -> Result<()> {
        let folder = self.folder.join(FOLDER);
        draft::folder(&folder, CLOSED).with_context(|| format!("making {}", folder.display()))?;
        if let Some(problem) = secret_files::folder_problem(&folder) {
            bail!(problem);
        }
        for file in &SECRETS {
            let path = folder.join(file.name);
            if self.secrets.contains_key(file.name) {
                draft::clear(&path)?;
                continue;
            }
            let secret = fresh(file, known, None)?;
            let name = format!("{FOLDER}/{}", file.name);
            make(&path, secret.expose_secret().as_bytes(), READ, &name, done)?;
        }
        for name in &self.unread {
            let path = folder.join(name);
            fs::set_permissions(&path, Permissions::from_mode(READ)).with_context(|| {
                format!("{} is not readable for the containers: chmod 444 it", path.display())
            })?;
            done.changed.push(format!("{FOLDER}/{name} (its mode, so that containers read it)"));
        }
        Ok(())
    }

    /// Makes Open WebUI's variables of the secrets that lie there now.
    pub(super) fn renew_chat(&self, done: &mut Done) -> Result<()> {
        let folder = self.folder.join(FOLDER);
        let path = folder.join(chat_env::NAME);
        let name = format!("{FOLDER}/{}", chat_env::NAME);
        draft::clear(&path)?;
        let there = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            there => Some(there.with_context(|| format!("reading {name}"))?),
        };
        let secret = |name: &str| secret_files::secret(&folder, name);
        match chat_env::judge(there.as_deref(), &secret).map_err(|problem| anyhow!(problem))? {
            Verdict::Right => {}
            Verdict::Wrong(problem) => bail!(problem),
            Verdict::Write(text) => {
                let bytes = text.expose_secret().as_bytes();
                if there.is_none() {
                    return make(&path, bytes, chat_env::MODE, &name, done);
                }
                draft::replace(&path, bytes, chat_env::MODE)
                    .with_context(|| format!("writing {name}"))?;
                done.changed.push(format!("{name} (of the secrets beside it)"));
            }
        }
        Ok(())
    }

    fn write_own(&self, file: &Bundled, done: &mut Done) -> Result<()> {
        let path = self.folder.join(file.path);
        let mut folder = self.folder.clone();
        for part in Path::new(file.path).parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            draft::folder(&folder, 0o755)
                .with_context(|| format!("making {}", folder.display()))?;
        }
        draft::clear(&path)?;
        if path.symlink_metadata().is_ok() {
            return Ok(());
        }
        let mode = if file.runs { 0o755 } else { 0o644 };
        make(&path, file.text.as_bytes(), mode, file.path, done)
    }
}

/// What is wrong with variables that nobody is asked for.
fn unasked_problems(file: &Dotenv) -> Vec<String> {
    let is_asked = |name: &str| QUESTIONS.iter().any(|it| it.name == name);
    let problems = table::problems(file).into_iter().filter(|(name, _)| !is_asked(name));
    problems.map(|(name, problem)| format!("{name} in {}: {problem}", dotenv::NAME)).collect()
}

/// Variables of `.env` to be written.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Where there is none yet.
    pub(super) missing: BTreeMap<&'static str, String>,
    /// Whatever is there.
    pub(super) changed: BTreeMap<&'static str, String>,
}

/// A secret for a file: what was said, else one that is made up.
pub(super) fn fresh(
    file: &SecretFile,
    known: &Known,
    before: Option<&SecretString>,
) -> Result<SecretString> {
    match (file.kind, known.secrets.get(file.name)) {
        (Kind::Said, Some(secret)) => Ok(secret.clone()),
        (Kind::Keys, _) => Ok(key_file(before)?),
        _ => Ok(new_secret()?),
    }
}

fn make(path: &Path, bytes: &[u8], mode: u32, name: &str, done: &mut Done) -> Result<()> {
    match draft::make(path, bytes, mode) {
        Ok(()) => done.made.push(name.to_owned()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("somebody made {name} meanwhile: run this again")
        }
        Err(error) => return Err(error).with_context(|| format!("writing {}", path.display())),
    }
    Ok(())
}
