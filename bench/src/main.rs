//! Measures Gatehall beside the same work done directly and through a bare proxy, in one run on
//! one machine.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures and prints"
)]

mod audit;
mod bare;
mod changes;
mod company;
mod doors;
mod gate;
mod in_process;
mod load;
mod measure;
mod options;
mod pages;
mod process;
mod provider;
mod proxy;
mod replica;
mod upstream;

use anyhow::Result;
use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures Gatehall.
#[derive(Debug, Parser)]
enum Command {
    /// Run everything and print the table.
    Run(options::Options),
    /// Measure the pages on the demo's large company.
    Pages(pages::Options),
    /// A fast tool server: two threads, no state.
    Upstream {
        /// Address to listen on.
        listen: std::net::SocketAddr,
        /// Tools it offers.
        #[arg(long, default_value = "5")]
        tools: usize,
    },
    /// A server that answers 200 and nothing else.
    Bare {
        /// Address to listen on.
        listen: std::net::SocketAddr,
    },
    /// A bare proxy that copies bytes.
    Proxy {
        /// Address to listen on.
        listen: std::net::SocketAddr,
        /// Where everything goes.
        upstream: std::net::SocketAddr,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Command::parse() {
        Command::Run(options) => measure::run(options).await,
        Command::Pages(options) => pages::run(options).await,
        Command::Upstream { listen, tools } => upstream::serve(listen, tools).await,
        Command::Bare { listen } => bare::serve(listen).await,
        Command::Proxy { listen, upstream } => proxy::serve(listen, upstream).await,
    }
}
