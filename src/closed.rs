//! What this process keeps to itself from its first moment on.

use std::io;

use rustix::{
    process::{DumpableBehavior, Resource, Rlimit, geteuid, set_dumpable_behavior, setrlimit},
    thread::set_no_new_privs,
};

/// Closes this process to others, and to what it starts. To be called before there is a second
/// thread.
///
/// # Errors
/// If the kernel refuses. Then nothing should be opened that is worth keeping.
pub fn close_to_others() -> io::Result<()> {
    // Nobody but root looks into its memory, its variables or its descriptors, or traces it: not
    // even what it starts as its own user.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // No image of the memory is written to a disk, also none of what it starts.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // What root starts as another user stays that. An ordinary user is not bound by this: with
    // sudo as a server's command the gate can put a wall where it has none itself.
    if geteuid().is_root() {
        set_no_new_privs(true)?;
    }
    // What was open when this program began ends where it starts others. What it opens itself
    // says so each time.
    close_fds::set_fds_cloexec(3, &[]);
    Ok(())
}
