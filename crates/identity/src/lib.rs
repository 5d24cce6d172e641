//! The doors: from a proof to a [`Caller`](gatehall_domain::Caller). None of them decides what a
//! caller may use.
//!
//! [`doors`] puts them together. The door that finds its kind of proof decides, and what a request
//! shows besides must not name anybody else; wrong proof is an error and never makes a caller
//! nobody. [`login`] signs in and out, [`forward`] answers
//! proxies, [`token`] checks what providers sign, [`provider`] knows the providers, [`session`] who
//! is signed in.

mod arrivals;
mod doctor;
mod doors;
mod fetch;
mod forward;
mod host;
mod key;
mod limits;
mod login;
mod newcomers;
mod open_webui;
mod peer;
mod provider;
mod rejection;
mod resolve;
mod resource;
mod routes;
mod said;
mod session;
mod snapshots;
mod token;
mod visit;

pub use arrivals::{Arrivals, Pending};
pub use doctor::{
    ChatScene, Patient, RedirectSaid, SHORT_PROOF, chat_findings, examine, key_set_of,
    redirect_said, within,
};
pub use doors::{DoorParts, DoorSettings, Doors, ForwardedUser};
pub use fetch::{Connector, connector};
pub use forward::is_navigation;
pub use host::{HeadFault, Host, check_head};
pub use limits::LimitSettings;
pub use login::{Choice, Failed, Next, SignInFault, SignedOut};
pub use newcomers::Newcomers;
pub use open_webui::{
    ChatSaid, ChatSetting, Misfit, OpenWebUi, USER_HEADER as OPEN_WEBUI_USER_HEADER,
};
pub use peer::Peer;
pub use provider::{ProviderTrouble, supposed_visit};
pub use rejection::{OtherAccount, PersonFault, Rejection};
pub use resolve::Resolver;
pub use routes::routes;
pub use session::{LiveSession, SessionIndex, SessionLimits};
pub use snapshots::Snapshots;
pub use token::TokenFault;
pub use visit::{Said, Visit, Vouched};
