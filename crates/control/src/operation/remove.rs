use gatehall_domain::{Change, Company, Record, Refusal};

/// Removes a record. With `cascade`, first all that cannot be without it.
///
/// # Errors
/// Without `cascade`, if something still needs it.
pub fn remove(company: &Company, record: Record, cascade: bool) -> Result<Vec<Change>, Refusal> {
    let mut changes = Vec::new();
    if cascade {
        add_dependents(company, &record, &mut changes);
    } else if let Some(user) = company.dependents(&record).first() {
        return Err(Refusal::InUse {
            kind: record.kind(),
            name: company.label(&record),
            by: format!("{} {}", user.kind(), company.label(user)),
        });
    }
    changes.push(Change::Remove(record));
    Ok(changes)
}

/// The deepest first. Nothing hangs on two records that go together.
fn add_dependents(company: &Company, record: &Record, changes: &mut Vec<Change>) {
    for dependent in company.dependents(record) {
        add_dependents(company, &dependent, changes);
        changes.push(Change::Remove(dependent));
    }
}
