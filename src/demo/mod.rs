//! Later.
use crate::settings::{ServeSettings, StoreSettings};
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;
/// Options.
#[derive(Debug, Args)]
pub struct DemoOptions {
    #[command(flatten)]
    serve: ServeSettings,
}
/// Options.
#[derive(Debug, Args)]
pub struct ServerOptions {}
pub(crate) async fn command(_: StoreSettings, _: DemoOptions) -> Result<ExitCode> {
    anyhow::bail!("later")
}
pub(crate) async fn server(_: ServerOptions) -> Result<ExitCode> {
    anyhow::bail!("later")
}
