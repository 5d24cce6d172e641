use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use gatehall_domain::{Caller, ConnectionId, Endpoint, Reach, Snapshot, TenantId, Timestamp};
use quick_cache::{Weighter, sync::Cache};

use crate::{
    catalogue::{Catalogue, Offer, Tool, ToolList},
    era::Era,
    upstream::Upstream,
};

/// About how many different lists and documents there are.
const LISTS: usize = 1024;
/// How many bytes the lists may hold that are kept ready, beside the texts they share.
const LIST_BYTES: u64 = 32 << 20;
/// The same for OpenAPI documents, which share nothing.
const DOCUMENT_BYTES: u64 = 32 << 20;

/// All that a request is decided and answered by, as it is at one moment: lists, decisions and
/// audit agree because they come from here.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) upstreams: Arc<HashMap<ConnectionId, Arc<Upstream>>>,
    lists: Arc<Lists>,
    documents: Arc<Documents>,
}

type Lists = Cache<ListKey, Arc<ToolList>, Bytewise>;
type Documents = Cache<DocumentKey, Arc<Document>, Bytewise>;

/// What a list depends on beside the catalogue and the connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ListKey {
    view: u64,
    endpoint: Endpoint,
    /// The tenant that the caller's key is limited to.
    tenant: Option<TenantId>,
    era: Era,
}

/// What an OpenAPI document depends on beside these.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DocumentKey {
    /// The view, unless the document is for nobody in particular.
    pub(crate) view: Option<u64>,
    pub(crate) endpoint: Endpoint,
    pub(crate) tenant: Option<TenantId>,
}

/// An OpenAPI document, ready to be sent.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) text: Bytes,
    pub(crate) etag: http::HeaderValue,
}

/// Weighs what is kept ready by its bytes.
#[derive(Debug, Clone, Copy)]
struct Bytewise;

impl Weighter<ListKey, Arc<ToolList>> for Bytewise {
    fn weight(&self, _: &ListKey, list: &Arc<ToolList>) -> u64 {
        (list.own_bytes() + size_of::<ToolList>()) as u64
    }
}

impl Weighter<DocumentKey, Arc<Document>> for Bytewise {
    fn weight(&self, _: &DocumentKey, document: &Arc<Document>) -> u64 {
        (document.text.len() + size_of::<Document>()) as u64
    }
}

impl Moment {
    pub(super) fn new(
        snapshot: Arc<Snapshot>,
        catalogue: Arc<Catalogue>,
        upstreams: Arc<HashMap<ConnectionId, Arc<Upstream>>>,
    ) -> Self {
        let lists = Arc::new(Cache::with_weighter(LISTS, LIST_BYTES, Bytewise));
        let documents = Arc::new(Cache::with_weighter(LISTS, DOCUMENT_BYTES, Bytewise));
        Self { snapshot, catalogue, upstreams, lists, documents }
    }

    /// The moment after this one. What is ready of lists and documents stays so where it is what
    /// would be made: nearly always, since most changes are of people.
    pub(super) fn next(
        &self,
        snapshot: Arc<Snapshot>,
        catalogue: Arc<Catalogue>,
        upstreams: Arc<HashMap<ConnectionId, Arc<Upstream>>>,
    ) -> Self {
        let same = snapshot.continues(&self.snapshot) && Arc::ptr_eq(&catalogue, &self.catalogue);
        if !same {
            return Self::new(snapshot, catalogue, upstreams);
        }
        let (lists, documents) = (Arc::clone(&self.lists), Arc::clone(&self.documents));
        Self { snapshot, catalogue, upstreams, lists, documents }
    }

    /// The connection that an endpoint is, if it is one server's.
    pub(crate) fn connection(&self, endpoint: &Endpoint) -> Option<ConnectionId> {
        let Endpoint::Server(tenant, server) = endpoint else { return None };
        let path =
            gatehall_domain::ConnectionPath { tenant: tenant.clone(), server: server.clone() };
        Some(self.snapshot.company().connection_by_path(&path)?.id)
    }

    /// What a caller may use at an endpoint; none where that is nothing, for whatever reason. So it
    /// makes no difference whether there is such an endpoint.
    pub(crate) fn reach<'m>(
        &'m self,
        caller: &'m Caller,
        endpoint: &'m Endpoint,
        now: Timestamp,
    ) -> Option<Reach<'m>> {
        Reach::new(&self.snapshot, caller, endpoint, now).ok().filter(Reach::has_connections)
    }

    /// The tool that a name means at an endpoint, whoever asks.
    pub(crate) fn find(&self, endpoint: &Endpoint, name: &str) -> Option<(&Offer, &Tool)> {
        self.catalogue.find(endpoint, self.connection(endpoint), name)
    }

    /// The list of tools that a caller sees.
    pub(crate) fn list(
        &self,
        reach: &Reach<'_>,
        endpoint: &Endpoint,
        tenant: Option<&TenantId>,
        era: Era,
        page_tools: usize,
    ) -> Arc<ToolList> {
        let key = ListKey {
            view: reach.view().id,
            endpoint: endpoint.clone(),
            tenant: tenant.cloned(),
            era,
        };
        if let Some(list) = self.lists.get(&key) {
            return list;
        }
        let bare = matches!(endpoint, Endpoint::Server(..));
        let list = Arc::new(ToolList::new(&self.catalogue, reach, era, bare, page_tools));
        self.lists.insert(key, Arc::clone(&list));
        list
    }

    /// An OpenAPI document, made by `make` if it is not ready.
    pub(crate) fn document(
        &self,
        key: DocumentKey,
        make: impl FnOnce() -> Document,
    ) -> Arc<Document> {
        if let Some(document) = self.documents.get(&key) {
            return document;
        }
        let document = Arc::new(make());
        self.documents.insert(key, Arc::clone(&document));
        document
    }
}
