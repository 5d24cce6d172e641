//! The OpenAPI document: what a caller may call, as operations.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use gatehall_domain::{Decision, Door, Endpoint, Reach, names};
use http::HeaderValue;

use super::{discovery, schema};
use crate::{
    catalogue::Tool,
    entry::Entry,
    json::{self, ObjectWriter},
    live::{Document, DocumentKey, Moment},
};

/// The document for this caller at this endpoint. None if the endpoint is not for them.
pub(super) fn document(entry: &Entry, endpoint: &Endpoint) -> Option<Arc<Document>> {
    let Entry { moment, caller, now } = entry;
    let tenant = caller.tenant.clone();
    let reach = Reach::new(&moment.snapshot, caller, endpoint, *now).ok();
    let view = reach.as_ref().map(|reach| reach.view().id);
    let key = DocumentKey { view, endpoint: endpoint.clone(), tenant: tenant.clone() };
    if let Some(reach) = reach {
        return Some(moment.document(key, || {
            let paths = callable(moment, &reach).map(operation);
            make(endpoint, paths.collect())
        }));
    }
    // Somebody is named who is unknown or disabled.
    if caller.user.is_some() || caller.door != Door::ServiceKey {
        return Some(Arc::new(make(endpoint, Vec::new())));
    }
    // Nobody is named, and what is fetched so is shared among everybody: a key of one tenant
    // shows that tenant's tools, any other only how to look for one's own.
    match tenant {
        None => Some(moment.document(key, || make(endpoint, discovery::operations()))),
        Some(tenant) => {
            let inside = match endpoint {
                Endpoint::All => true,
                Endpoint::Tenant(other) => *other == tenant,
                Endpoint::Server(..) => false,
            };
            inside.then(|| {
                let whole = Endpoint::Tenant(tenant);
                let sites =
                    moment.snapshot.sites_at(&whole).iter().filter(|site| site.off.is_none());
                let offers = sites.filter_map(|site| moment.catalogue.offer(site.connection.id));
                let paths = offers.flat_map(|offer| {
                    let owned =
                        |tool: &&Tool| moment.catalogue.owns(&tool.public, offer.connection);
                    offer.tools.iter().filter(owned).map(operation)
                });
                moment.document(key, || make(endpoint, paths.collect()))
            })
        }
    }
}

/// The tools a caller may call.
pub(super) fn callable<'m>(
    moment: &'m Moment,
    reach: &Reach<'m>,
) -> impl Iterator<Item = &'m Tool> {
    let reach = *reach;
    let offers = reach.connections().filter_map(|site| moment.catalogue.offer(site.connection.id));
    offers.flat_map(move |offer| {
        offer.tools.iter().filter(move |tool| {
            matches!(reach.decide(offer.connection, &tool.name), Decision::Allowed(_))
                && moment.catalogue.owns(&tool.public, offer.connection)
        })
    })
}

/// The tool of this public name, if the caller may call it.
pub(super) fn callable_tool<'m>(
    moment: &'m Moment,
    reach: &Reach<'m>,
    name: &str,
) -> Option<&'m Tool> {
    let (offer, tool) = moment.find(&Endpoint::All, name)?;
    let decision = reach.decide(offer.connection, &tool.name);
    matches!(decision, Decision::Allowed(_)).then_some(tool)
}

/// `"/tools/NAME":{…}`, made when it is first needed.
fn operation(tool: &Tool) -> Bytes {
    let made = tool.operation.get_or_init(|| {
        let schema = schema::flat(tool.input_schema()).to_string();
        path_item(&tool.public, &names::shown(&tool.description, 2000), &schema).into()
    });
    made.clone()
}

/// An operation that takes a JSON object and answers with whatever the tool answers.
pub(super) fn path_item(name: &str, description: &str, schema: &str) -> String {
    let mut media = ObjectWriter::new(schema.len() + 32);
    media.raw("application/json", &format!("{{\"schema\":{schema}}}"));
    let mut body = ObjectWriter::new(schema.len() + 64);
    body.raw("required", "true").raw("content", &media.finish());
    let mut operation = ObjectWriter::new(schema.len() + description.len() + 256);
    operation.string("operationId", name).string("summary", name);
    if !description.is_empty() {
        operation.string("description", description);
    }
    operation.raw("requestBody", &body.finish());
    operation.raw("responses", "{\"200\":{\"description\":\"What the tool answers\"}}");
    format!("{}:{{\"post\":{}}}", json::string(&format!("/tools/{name}")), operation.finish())
}

fn make(endpoint: &Endpoint, paths: Vec<Bytes>) -> Document {
    let server = match endpoint {
        Endpoint::Tenant(tenant) => format!("/t/{tenant}"),
        _ => "/".to_owned(),
    };
    let mut text = format!(
        "{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"Gatehall\",\"description\":\"The tools you may use.\",\
         \"version\":\"{}\"}},\"servers\":[{{\"url\":{}}}],\"security\":[{{\"key\":[]}}],\
         \"components\":{{\"securitySchemes\":{{\"key\":{{\"type\":\"http\",\"scheme\":\"bearer\"}}}}}},\"paths\":{{",
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
