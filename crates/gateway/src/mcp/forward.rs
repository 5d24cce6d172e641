//! What of a call passes on to a server: its arguments, and the metadata of others than the
//! protocol. Whatever else a client sends, known or not, ends here.

use serde_json::value::RawValue;

use super::{
    known::OWN,
    rpc::{Incoming, RpcError},
};
use crate::{
    call::Asked,
    json::{ObjectWriter, may_begin_with},
};

/// What a message asks for. The name is the caller's; whether there is such a tool, and whether
/// they may call it, is not looked at.
pub(super) fn asked<'a>(incoming: &Incoming<'a>) -> Result<Asked<'a>, RpcError> {
    let invalid = |what| RpcError::answer(RpcError::INVALID_PARAMS, what);
    let name = incoming.text_param("name")?;
    let arguments =
        incoming.params.get("arguments").map(RawValue::get).filter(|raw| *raw != "null");
    if arguments.is_some_and(|raw| !raw.starts_with('{')) {
        return Err(invalid("params.arguments must be an object"));
    }
    let mut asked = Asked { name, arguments, ..Asked::default() };
    for (member, value) in incoming.meta.iter() {
        match member {
            "progressToken" => {
                let raw = value.get();
                if !raw.starts_with('"') && raw.parse::<f64>().is_err() {
                    return Err(invalid("params._meta.progressToken must be a string or a number"));
                }
                asked.progress_token = Some(raw.to_owned());
            }
            member if passes(member) => {
                let meta = asked.meta.get_or_insert_with(|| ObjectWriter::new(64));
                meta.raw(member, value.get());
            }
            _ => {}
        }
    }
    Ok(asked)
}

/// Whether a key of metadata passes on: one that every reader reads alike, and that none takes for
/// one of the protocol's own.
fn passes(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_graphic()) && !may_begin_with(key, OWN)
}
