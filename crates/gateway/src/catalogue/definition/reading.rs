//! The members of a definition, one after the other.

use serde_json::{Value, value::RawValue};

use super::{
    input,
    known::{DEEPEST, KNOWN},
    members,
    members::Fit,
    notes::Notes,
    output,
    text::Mended,
};
use crate::json::{self, Members, ObjectWriter, depth_within, is_unambiguous};

/// Goes through the members of one definition.
pub(super) struct Reading<'r> {
    /// How many parts of output schemas the server may still have.
    parts: &'r mut usize,
    notes: Notes,
}

impl<'r> Reading<'r> {
    pub(super) fn new(parts: &'r mut usize) -> Self {
        Self { parts, notes: Notes::default() }
    }

    /// What was mended.
    pub(super) fn repairs(self) -> Vec<String> {
        self.notes.into_lines()
    }

    /// Notes what was mended in the text.
    pub(super) fn text(&mut self, mended: Mended) {
        if mended.halves {
            self.notes.push("halves of characters were replaced");
        }
        if mended.numbers {
            self.notes.push("numbers became ones that clients can hold");
        }
    }

    /// The definition anew, if one of its members does not stay as it is.
    pub(super) fn members(&mut self, members: &Members<'_>) -> Result<Option<String>, String> {
        let mut object = ObjectWriter::new(1024);
        let mut changed = false;
        for (member, raw) in members.iter() {
            match self.member(member, raw)? {
                Fit::Fits => {
                    object.raw(member, raw.get());
                    continue;
                }
                Fit::Mended(value) => {
                    object.raw(member, &value.to_string());
                }
                Fit::Absent => {}
            }
            changed = true;
        }
        if members.get("inputSchema").is_none()
            && let Some(schema) = input::mend(None, &mut self.notes)?
        {
            object.raw("inputSchema", &schema.to_string());
            changed = true;
        }
        Ok(changed.then(|| object.finish()))
    }

    fn member(&mut self, member: &str, raw: &RawValue) -> Result<Fit, String> {
        // The object around it is a level, too.
        if !depth_within(raw.get().as_bytes(), DEEPEST - 1) {
            if matches!(member, "inputSchema" | "execution") {
                return Err(format!("its {member} is nested more than {DEEPEST} levels deep"));
            }
            self.notes.push(match KNOWN.contains(&member) {
                true => format!("its {member} is nested too deep and was left out"),
                false => "a member of its own is nested too deep and was left out".to_owned(),
            });
            return Ok(Fit::Absent);
        }
        if member == "execution" {
            return self.execution(raw).map(|()| Fit::Fits);
        }
        let unambiguous = is_unambiguous(raw.get());
        if unambiguous && (!KNOWN.contains(&member) || member == "name") {
            return Ok(Fit::Fits);
        }
        let value: Value = serde_json::from_str(raw.get())
            .map_err(|error| format!("its {member} cannot be read: {error}"))?;
        let notes = &mut self.notes;
        let fit = match member {
            "inputSchema" => input::mend(Some(&value), notes)?.map_or(Fit::Fits, Fit::Mended),
            "outputSchema" => output::mend(&value, self.parts, notes),
            "annotations" => members::annotations(&value, notes),
            "icons" => members::icons(&value, notes),
            "_meta" => members::object(member, &value, notes),
            "title" | "description" => members::text(member, &value, notes),
            _ => Fit::Fits,
        };
        Ok(match fit {
            // Most readers take the last one; now all do.
            Fit::Fits if !unambiguous => {
                self.notes.push("an object had a member twice, of which the last counts");
                Fit::Mended(value)
            }
            fit => fit,
        })
    }

    /// How a tool wants to be called (revision 2025-11-25). It is not passed on.
    fn execution(&mut self, raw: &RawValue) -> Result<(), String> {
        if !json::is_object(raw) {
            if raw.get() != "null" {
                self.notes.push("its execution is no object and was left out");
            }
            return Ok(());
        }
        let members = Members::read(raw.get())
            .map_err(|flaw| format!("its execution cannot be read: {flaw}"))?;
        let support = members.get("taskSupport").filter(|it| it.get() != "null");
        match support.map(json::text) {
            None => Ok(()),
            Some(Some(support)) if matches!(support.as_ref(), "optional" | "forbidden") => Ok(()),
            Some(Some(support)) if support == "required" => {
                Err("it can be called only as a task, and tasks are not carried yet".into())
            }
            Some(_) => {
                self.notes.push("its execution.taskSupport is unknown and was left out");
                Ok(())
            }
        }
    }
}
