//! The program: reads what it is asked to do, and does it.

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    if let Err(error) = gatehall::close_to_others() {
        return gatehall::report(&error.into());
    }
    let invocation = match gatehall::read_arguments(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(error) => error.exit(),
    };
    gatehall::start_logging(&invocation.log);
    gatehall::choose_crypto();
    match gatehall::run(invocation) {
        Ok(code) => code,
        Err(error) => gatehall::report(&error),
    }
}
