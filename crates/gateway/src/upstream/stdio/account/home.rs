//! The folders in which connections' processes live. Which user a connection has is written in
//! them, for as long as they are there: a user is never given to another connection.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{Error, ErrorKind, Result, Write},
    ops::RangeInclusive,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use gatehall_domain::ConnectionId;
use rustix::process::geteuid;

use super::{reach::closed_folder, user::Account};

/// The file that says whose a place is: the id of a connection, and its name at that time.
const OWNER: &str = "connection";

/// Users that are looked at until one is free.
const LOOKS: u32 = 10_000;

/// The account of a connection; made if it has none yet.
pub(super) fn account_of(
    homes: &Path,
    range: &RangeInclusive<u32>,
    connection: ConnectionId,
    name: &str,
) -> Result<Account> {
    let homes = checked(homes)?;
    let count = range.end() - range.start() + 1;
    // The last bits of an id are random.
    let begin = (connection.0.as_u128() % u128::from(count)) as u32;
    for look in 0..LOOKS.min(count) {
        let at = (u64::from(begin) + u64::from(look)) % u64::from(count);
        let uid = range.start() + at as u32;
        let place = homes.join(uid.to_string());
        if is_of(&place, connection)? || claim(&homes, &place, connection, name)? {
            return settled(&place, uid);
        }
    }
    Err(Error::other(format!(
        "no uid is free: set a larger range, or remove places of connections that are gone from {}",
        homes.display()
    )))
}

/// The folder of all homes; made if it is not there. Nobody else may write in it, and everybody
/// may pass through it.
fn checked(homes: &Path) -> Result<PathBuf> {
    let within = |error: Error| Error::new(error.kind(), format!("{}: {error}", homes.display()));
    if !homes.try_exists().map_err(within)? {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o755).create(homes).map_err(within)?;
        fs::set_permissions(homes, Permissions::from_mode(0o711)).map_err(within)?;
    }
    let homes = fs::canonicalize(homes).map_err(within)?;
    let metadata = fs::metadata(&homes)?;
    if metadata.uid() != geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        return Err(Error::other(format!(
            "{} has to be root's, and writable by nobody else: chown root and chmod 711",
            homes.display()
        )));
    }
    // Nobody is anybody whose uid is in no range.
    if let Some(folder) = closed_folder(&homes.join(OWNER), u32::MAX) {
        return Err(Error::other(format!(
            "{} is closed to other users: chmod o+x, or choose another folder with --stdio-homes",
            folder.display()
        )));
    }
    Ok(homes)
}

/// Whether a place is this connection's.
fn is_of(place: &Path, connection: ConnectionId) -> Result<bool> {
    match fs::read_to_string(place.join(OWNER)) {
        Ok(owner) => Ok(owner.lines().next() == Some(&connection.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a place that nobody has: it is made under another name and moved there, so of two who
/// come at once, also in two programs, one has it.
fn claim(homes: &Path, place: &Path, connection: ConnectionId, name: &str) -> Result<bool> {
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    if place.try_exists()? {
        return Ok(false);
    }
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = homes.join(format!(".new-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&draft);
    DirBuilder::new().mode(0o711).create(&draft)?;
    fs::set_permissions(&draft, Permissions::from_mode(0o711))?;
    // Whose it is concerns no process of another connection.
    let mut owner =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft.join(OWNER))?;
    owner.write_all(format!("{connection}\n{name}\n").as_bytes())?;
    match fs::rename(&draft, place) {
        Ok(()) => Ok(true),
        Err(error) => {
            let _ = fs::remove_dir_all(&draft);
            match error.kind() {
                ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => is_of(place, connection),
                _ => Err(error),
            }
        }
    }
}

/// The account whose place this is. Its folders lie in one of root's, so nobody can put a link
/// where they belong.
fn settled(place: &Path, uid: u32) -> Result<Account> {
    let folder = |name: &str| {
        let path = place.join(name);
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => chown(&path, Some(uid), Some(uid))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let metadata = fs::symlink_metadata(&path)?;
        // Another process of the same connection may be just about to give it away.
        if metadata.uid() == geteuid().as_raw() && metadata.is_dir() {
            chown(&path, Some(uid), Some(uid))?;
        } else if metadata.uid() != uid || !metadata.is_dir() {
            return Err(Error::other(format!("{} is not a folder of uid {uid}", path.display())));
        }
        Ok(path)
    };
    Ok(Account { uid, home: folder("home")?, temporary: folder("tmp")? })
}

#[cfg(test)]
mod tests {
    use gatehall_domain::ConnectionId;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> ConnectionId {
        ConnectionId(Uuid::from_u128(number))
    }

    fn homes() -> tempfile::TempDir {
        tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap()
    }

    /// Only root can give folders away.
    fn is_root() -> bool {
        geteuid().is_root()
    }

    #[test]
    fn a_user_is_one_connections_for_ever() {
        if !is_root() {
            return;
        }
        let (homes, range) = (homes(), 2_100_000_000..=2_100_000_009);
        let uid = |number| account_of(homes.path(), &range, id(number), "it").unwrap().uid;
        // Three that would have the same.
        let (first, second, third) = (uid(7), uid(17), uid(27));
        assert_eq!((first, second, third), (2_100_000_007, 2_100_000_008, 2_100_000_009));
        assert_eq!((uid(27), uid(17), uid(7)), (third, second, first));
        for number in 30..37 {
            uid(number);
        }
        let full = account_of(homes.path(), &range, id(99), "it").unwrap_err();
        assert!(full.to_string().contains("no uid is free"), "{full}");
        assert_eq!(uid(17), second);
    }

    #[test]
    fn its_folders_are_its_own() {
        if !is_root() {
            return;
        }
        let homes = homes();
        let account = account_of(homes.path(), &(70_000..=70_009), id(3), "it").unwrap();
        for folder in [&account.home, &account.temporary] {
            let metadata = fs::metadata(folder).unwrap();
            assert_eq!((metadata.uid(), metadata.gid()), (account.uid, account.uid));
            assert_eq!(metadata.mode() & 0o7777, 0o700);
        }
        // What was put in their place is not taken.
        fs::remove_dir(&account.temporary).unwrap();
        std::os::unix::fs::symlink("/etc", &account.temporary).unwrap();
        let before = fs::metadata("/etc").unwrap().uid();
        assert!(account_of(homes.path(), &(70_000..=70_009), id(3), "it").is_err());
        assert_eq!(fs::metadata("/etc").unwrap().uid(), before);
    }

    #[test]
    fn many_at_once_get_one_each() {
        if !is_root() {
            return;
        }
        let homes = homes();
        let range = 2_100_000_000..=2_100_000_099;
        let look =
            |number| (number, account_of(homes.path(), &range, id(number), "it").unwrap().uid);
        let look = &look;
        let found: Vec<(u128, u32)> = std::thread::scope(|scope| {
            // Each connection twice, all wanting the same user.
            let numbers = (0..40_u128).map(|at| (at / 2) * 100 + 5);
            let all: Vec<_> = numbers.map(|it| scope.spawn(move || look(it))).collect();
            all.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let mut uids: Vec<u32> = found.iter().step_by(2).map(|it| it.1).collect();
        assert!(found.chunks(2).all(|pair| pair[0] == pair[1]), "{found:?}");
        uids.sort_unstable();
        uids.dedup();
        assert_eq!(uids.len(), 20);
    }

    #[test]
    fn a_folder_of_others_is_refused() {
        let homes = homes();
        let open = |mode| {
            fs::set_permissions(homes.path(), Permissions::from_mode(mode)).unwrap();
            checked(homes.path())
        };
        assert!(open(0o711).is_ok());
        assert!(open(0o777).unwrap_err().to_string().contains("writable by nobody else"));
        assert!(open(0o700).unwrap_err().to_string().contains("--stdio-homes"));
    }
}
