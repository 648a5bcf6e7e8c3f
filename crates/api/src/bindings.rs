//! Writes the page's TypeScript from the types of this crate. Test code: nothing of it is in the product.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use ts_rs::{Config, TS, TypeVisitor};

use crate::call::{self, Call};
use crate::choice::Choice;
use crate::event::Numbered;

/// Something that wants to see every call.
pub trait See {
    /// Sees one.
    fn call<C: Call<Reply: TS + 'static> + TS + 'static>(&mut self, docs: &[&str]);
}

struct Writer {
    config: Config,
    seen: BTreeSet<TypeId>,
    types: BTreeMap<String, String>,
    calls: String,
}

impl TypeVisitor for Writer {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            self.types.insert(
                T::ident(&self.config),
                format!("{docs}export {}\n", T::decl(&self.config)),
            );
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl See for Writer {
    fn call<C: Call<Reply: TS + 'static> + TS + 'static>(&mut self, docs: &[&str]) {
        C::visit_dependencies(self);
        self.visit::<C::Reply>();
        let doc = docs.concat();
        let args = C::inline(&self.config);
        let reply = C::Reply::name(&self.config);
        let _ = write!(
            self.calls,
            "  /**{doc} */\n  {}: {{ args: {args}; reply: {reply} }};\n",
            C::NAME
        );
    }
}

fn typescript() -> String {
    let config = Config::new().with_large_int("number");
    let mut writer = Writer {
        config,
        seen: BTreeSet::new(),
        types: BTreeMap::new(),
        calls: String::new(),
    };
    writer.visit::<Numbered>();
    call::for_each(&mut writer);
    let types: Vec<_> = writer.types.into_values().collect();
    let head = "// Written by `cargo xtask bindings` from crates/api. Do not edit.\n\n";
    let calls = writer.calls;
    let calls = format!(
        "/** Every call: its name, its arguments, what comes back. */\nexport interface Calls {{\n{calls}}}\n"
    );
    let default = serde_json::to_string_pretty(&Choice::default()).unwrap();
    let default =
        format!("/** What `{{}}` means. */\nexport const DEFAULT_CHOICE: Choice = {default};\n");
    format!("{head}{}\n{default}\n{calls}", types.join("\n"))
}

/// Writes the file where TS_RS_EXPORT_DIR says; without it, only looks that it can be made.
#[test]
fn export_bindings() {
    let text = typescript();
    assert!(
        text.contains("export interface Calls") && text.contains("submit: {"),
        "{text}"
    );
    let Some(folder) = std::env::var_os("TS_RS_EXPORT_DIR").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("api.ts");
    // Untouched if unchanged: the page's build looks at times.
    if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
        std::fs::write(path, text).unwrap();
    }
}
