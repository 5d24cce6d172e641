//! The OpenAPI document: what a caller may call, as operations.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use gatehall_domain::{Door, Endpoint};
use http::HeaderValue;

use super::{
    discovery,
    operation::{callable, operation},
};
use crate::{
    catalogue::Tool,
    entry::{Entry, hint, nothing_for},
    json,
    live::{Document, DocumentKey},
};

/// The document for this caller at this endpoint. It is empty where they have nothing, whether or
/// not there is such an endpoint.
pub(super) fn document(entry: &Entry, endpoint: &Endpoint) -> Arc<Document> {
    let Entry { moment, caller, .. } = entry;
    let tenant = caller.tenant.clone();
    let nothing = || {
        let why = hint(caller, None).unwrap_or_else(|| nothing_for(endpoint).into());
        Arc::new(make(endpoint, &why, Vec::new()))
    };
    let reach = entry.reach(endpoint);
    let view = reach.as_ref().map(|reach| reach.view().id);
    let key = DocumentKey { view, endpoint: endpoint.clone(), tenant: tenant.clone() };
    if let Some(reach) = reach {
        return moment.document(key, || {
            let paths = callable(moment, &reach).map(operation);
            make(endpoint, YOURS, paths.collect())
        });
    }
    // Somebody is named who has nothing here, or is unknown or disabled.
    if caller.user.is_some() || caller.door != Door::ServiceKey {
        return nothing();
    }
    // Nobody is named, and what is fetched so is shared among everybody: a key of one tenant
    // shows that tenant's tools, any other only how to look for one's own.
    let Some(tenant) = tenant else {
        return moment.document(key, || make(endpoint, YOURS, discovery::operations()));
    };
    let inside = match endpoint {
        Endpoint::All => true,
        Endpoint::Tenant(other) => *other == tenant,
        Endpoint::Server(..) => false,
    };
    if !inside {
        return nothing();
    }
    let whole = Endpoint::Tenant(tenant);
    let sites = moment.snapshot.sites_at(&whole).iter().filter(|site| site.off.is_none());
    let offers = sites.filter_map(|site| moment.catalogue.offer(site.connection.id));
    let paths = offers.flat_map(|offer| {
        let owned = |tool: &&Tool| moment.catalogue.owns(&tool.public, offer.connection);
        offer.tools.iter().filter(owned).map(operation)
    });
    moment.document(key, || make(endpoint, YOURS, paths.collect()))
}

const YOURS: &str = "The tools you may use.";

fn make(endpoint: &Endpoint, description: &str, paths: Vec<Bytes>) -> Document {
    let server = match endpoint {
        Endpoint::Tenant(tenant) => format!("/t/{tenant}"),
        _ => "/".to_owned(),
    };
    let mut text = format!(
        "{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"Gatehall\",\"description\":{},\
         \"version\":\"{}\"}},\"servers\":[{{\"url\":{}}}],\"security\":[{{\"key\":[]}}],\
         \"components\":{{\"securitySchemes\":{{\"key\":{{\"type\":\"http\",\"scheme\":\"bearer\"}}}}}},\"paths\":{{",
        json::string(description),
        env!("CARGO_PKG_VERSION"),
        json::string(&server)
    );
    for (at, path) in paths.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&String::from_utf8_lossy(path));
    }
    text.push_str("}}");
    let hash = digest(&SHA256, text.as_bytes());
    let hex: String = hash.as_ref()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    let etag = HeaderValue::try_from(format!("\"{hex}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    Document { text: text.into(), etag }
}
