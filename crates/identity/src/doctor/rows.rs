//! Rows of the database that cannot be read.

use gatehall_domain::{Finding, SetAside};

use super::Doctor;

/// Where it is written how rows are mended.
const REMEDY: &str = "mend or remove the row with the database's own client, then make a new \
    revision: update revision set number = number + 1 (docs/database.md)";

impl Doctor<'_> {
    /// What is set aside. Nothing is said where all can be read.
    pub(super) fn look_at_rows(&mut self) {
        let rows = self.patient.company.set_aside().rows();
        for row in rows.iter().take(SetAside::NAMED) {
            let found = format!("cannot be read and is set aside: {}", row.problem);
            self.findings.push(Finding::bad(
                format!("row {} of {}", row.key, row.table),
                &found,
                REMEDY,
            ));
        }
        if rows.len() > SetAside::NAMED {
            let more =
                format!("{} more cannot be read and are set aside", rows.len() - SetAside::NAMED);
            self.findings.push(Finding::bad("rows", &more, REMEDY));
        }
    }
}
