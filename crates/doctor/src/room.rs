//! Room on disks.

use std::path::{Path, PathBuf};

use gatehall_domain::Finding;

/// The room on a disk.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Bytes that may still be written.
    pub free: u64,
    /// All of it.
    pub whole: u64,
}

impl Room {
    /// How much of a hundred is left.
    const fn percent(self) -> u64 {
        match self.whole {
            0 => 100,
            whole => self.free.saturating_mul(100) / whole,
        }
    }
}

/// Less than this and a database may stop within hours.
const LITTLE: u64 = 1 << 30;

/// The room on the disk of a folder.
pub(crate) fn room_of(folder: &Path) -> Option<Room> {
    let it = rustix::fs::statvfs(folder).ok()?;
    Some(Room { free: it.f_bavail * it.f_frsize, whole: it.f_blocks * it.f_frsize })
}

/// Whether there is room where data lies.
pub(crate) fn look(
    folders: &[(PathBuf, &'static str)],
    room: fn(&Path) -> Option<Room>,
) -> Vec<Finding> {
    let mut report = Vec::new();
    for (folder, what) in folders {
        let (subject, place) = (format!("disk of {what}"), folder.display());
        let Some(room) = room(folder) else {
            let found = format!("it cannot be seen how much room {place} has");
            report.push(Finding::unknown(subject, found, format!("df -h {place}")));
            continue;
        };
        let (percent, megabytes) = (room.percent(), room.free >> 20);
        let found = format!("{percent} % ({megabytes} MB) of the disk of {place} is free");
        let remedy = "make room: docker system df says what containers take; old images go with \
                      docker image prune, and du -xh / | sort -h says what else is large";
        match percent {
            _ if room.free < LITTLE || percent < 5 => {
                report.push(Finding::bad(subject, format!("nearly full: {found}"), remedy));
            }
            0..15 => report.push(Finding::doubtful(subject, format!("filling: {found}"), remedy)),
            _ => report.push(Finding::good(subject, found)),
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use gatehall_domain::Health;

    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_bad() {
        const GB: u64 = 1 << 30;
        let state = |room: fn(&Path) -> Option<Room>| {
            look(&[("/data".into(), "the database")], room).remove(0).state
        };
        assert_eq!(state(|_| Some(Room { free: 20 * GB, whole: 40 * GB })), Health::Good);
        assert_eq!(state(|_| Some(Room { free: 4 * GB, whole: 40 * GB })), Health::Doubtful);
        assert_eq!(state(|_| Some(Room { free: GB, whole: 40 * GB })), Health::Bad);
        assert_eq!(state(|_| Some(Room { free: GB / 2, whole: GB })), Health::Bad);
        assert_eq!(state(|_| None), Health::Unknown);
    }

    #[test]
    fn the_disk_of_a_folder_has_room_and_one_that_is_not_there_has_none() {
        let room = room_of(&std::env::temp_dir()).unwrap();
        assert!(room.free <= room.whole && room.whole > 0, "{room:?}");
        assert!(room_of(Path::new("/nowhere/at/all")).is_none());
    }
}
