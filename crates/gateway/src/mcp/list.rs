//! `tools/list`: what the caller may call, page by page, from memory.

use std::sync::Arc;

use super::{
    negotiate::Speaker,
    request::Request,
    rpc::{Incoming, RpcError},
    server_info::modern_tail,
};
use crate::{body::Parts, catalogue::ToolList, era::Era, json, session::owner};

const PURPOSE: &str = "mcp-cursor";

pub(super) fn list(
    request: &Request<'_>,
    speaker: &Speaker,
    incoming: &Incoming<'_>,
    id: &str,
) -> Result<Parts, RpcError> {
    let page = match incoming.params.get("cursor") {
        None => 0,
        Some(_) => open_cursor(request, &incoming.text_param("cursor")?)?,
    };
    let mut message = Parts::default();
    message.text(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"tools\":["));
    let mut more = false;
    // Somebody who reaches nothing gets an empty list: that is no error.
    if let Some(list) = of(request, speaker.era) {
        more = page + 1 < list.pages.len();
        for (at, part) in list.pages.get(page).into_iter().flat_map(|page| &page.parts).enumerate()
        {
            if at > 0 {
                message.text(",");
            }
            message.bytes(part);
        }
    }
    let mut tail = String::from("]");
    if more {
        tail.push_str(",\"nextCursor\":");
        tail.push_str(&json::string(&seal_cursor(request, page + 1)?));
    }
    if speaker.era == Era::Modern {
        tail.push(',');
        tail.push_str(&modern_tail());
    }
    tail.push_str("}}");
    message.text(&tail);
    Ok(message)
}

/// The list that a caller sees; none if they reach nothing.
pub(super) fn of(request: &Request<'_>, era: Era) -> Option<Arc<ToolList>> {
    let (reach, tenant) = (request.reach()?, request.caller.tenant.as_ref());
    let page_tools = request.gateway.settings.page_tools;
    Some(request.moment.list(&reach, request.endpoint, tenant, era, page_tools))
}

fn seal_cursor(request: &Request<'_>, page: usize) -> Result<String, RpcError> {
    let owner = owner(request.caller, request.endpoint);
    request
        .gateway
        .vault
        .seal_token(PURPOSE, &owner, &(page as u64).to_be_bytes())
        .map_err(|_| RpcError::answer(RpcError::INTERNAL, "no cursor could be made: try again"))
}

fn open_cursor(request: &Request<'_>, cursor: &str) -> Result<usize, RpcError> {
    let owner = owner(request.caller, request.endpoint);
    let opened = request.gateway.vault.open_token(PURPOSE, &owner, cursor).ok();
    let number = opened.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    match number {
        Some(number) => Ok(u64::from_be_bytes(number) as usize),
        None => Err(RpcError::answer(
            RpcError::INVALID_PARAMS,
            "Invalid cursor: list again without one",
        )),
    }
}
