use gatehall_domain::{SetAside, Snapshot};

/// Warns of rows that cannot be read, as far as they were not known before.
pub(super) fn warn_of_unread(snapshot: &Snapshot, before: Option<&Snapshot>) {
    let known = before.map_or(&[][..], |before| before.company().set_aside().rows());
    let rows = snapshot.company().set_aside().rows();
    // Both are in one order, so that many are compared as fast as few.
    let news = rows.iter().filter(|row| {
        let at = known.partition_point(|it| (it.table, &it.key) < (row.table, &row.key));
        known.get(at) != Some(row)
    });
    let mut count = 0;
    for row in news {
        count += 1;
        if count <= SetAside::NAMED {
            tracing::warn!(
                table = row.table,
                key = %row.key,
                problem = row.problem,
                "a row cannot be read and is set aside, and what it may deny is denied: see \
                 gatehall doctor"
            );
        }
    }
    if count > SetAside::NAMED {
        tracing::warn!("{} more rows cannot be read and are set aside", count - SetAside::NAMED);
    }
    if rows.is_empty() && !known.is_empty() {
        tracing::info!("all rows can be read again");
    }
}
