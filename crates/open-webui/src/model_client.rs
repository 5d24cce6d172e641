//! Models, as Open WebUI lists and saves them.

use std::collections::HashSet;

use gatehall_domain::names::encoded;
use serde_json::{Value, json};

use crate::{
    Client, Fault,
    client::Object,
    connection::grants,
    model::{BaseModel, id_of},
};

impl Client {
    /// The models that are registered.
    pub(crate) async fn models(&self) -> Result<Vec<Object>, Fault> {
        match self.list("/api/v1/models/all").await {
            // Before it was one list, there were two.
            Err(Fault::NoSuchFunction(_) | Fault::Page(_)) => {
                let mut models = self.list("/api/v1/models/base").await?;
                models.extend(self.list("/api/v1/models/export").await?);
                Ok(models)
            }
            all => all,
        }
    }

    async fn list(&self, path: &str) -> Result<Vec<Object>, Fault> {
        let all = self.get(path).await?;
        serde_json::from_value(all)
            .map_err(|_| Fault::Shape(path.to_owned(), "it is no list".into()))
    }

    /// The model of this id as it is now, if it is registered.
    pub(crate) async fn model(&self, id: &str) -> Result<Option<Object>, Fault> {
        match self.get(&format!("/api/v1/models/model?id={}", encoded(id))).await {
            Ok(Value::Object(model)) => Ok(Some(model)),
            Ok(Value::Null) | Err(Fault::Refused(_, 404, _)) => Ok(None),
            Ok(_) => Err(Fault::Shape(id.to_owned(), "it is no model".into())),
            // Versions before it had a status of its own for that.
            Err(Fault::Refused(_, 401, said)) if said.contains("could not find") => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// What providers offer now.
    pub(crate) async fn base_models(&self) -> Result<Vec<BaseModel>, Fault> {
        let path = "/api/models/base";
        let all = self.get(path).await?;
        let Some(all) = all["data"].as_array() else {
            return Err(Fault::Shape(path.to_owned(), "it lists no models".into()));
        };
        let (mut models, mut seen) = (Vec::new(), HashSet::new());
        for it in all {
            let Some(id) = it["id"].as_str() else { continue };
            if seen.insert(id) {
                let name = it["name"].as_str().unwrap_or(id).to_owned();
                models.push(BaseModel { id: id.to_owned(), name });
            }
        }
        Ok(models)
    }

    /// Saves a model in place of the one that `was`. Who may use it is saved by itself: the form of a
    /// model that is there leaves that as it is.
    pub(crate) async fn save_model(&self, form: Object, was: Option<&Object>) -> Result<(), Fault> {
        let Some(was) = was else {
            return self.post("/api/v1/models/create", &form.into()).await.map(drop);
        };
        let id = id_of(&form).to_owned();
        let access = form.get("access_grants").cloned();
        let name = form.get("name").cloned();
        self.post(&format!("/api/v1/models/model/update?id={}", encoded(&id)), &form.into())
            .await?;
        if grants(access.as_ref()) == grants(was.get("access_grants")) {
            return Ok(());
        }
        let form = json!({ "id": id, "name": name, "access_grants": access });
        match self.post("/api/v1/models/model/access/update", &form).await {
            // Before it was apart, the form of the model had it.
            Ok(_) | Err(Fault::NoSuchFunction(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    pub(crate) async fn delete_model(&self, id: &str) -> Result<(), Fault> {
        self.post("/api/v1/models/model/delete", &json!({ "id": id })).await.map(drop)
    }
}
