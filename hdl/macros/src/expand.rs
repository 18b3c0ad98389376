//! Expands the kernel macros and compound assignments, in place, before anything else looks at the body.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{parse_quote, parse_quote_spanned, BinOp, Block, Error, Expr, Macro, Result, Stmt, Token};

/// Expands `block`.
pub(crate) fn expand(block: &mut Block) -> Result<()> {
    let mut expander = Expander { error: None };
    expander.visit_block_mut(block);
    expander.error.map_or(Ok(()), Err)
}

struct Expander {
    error: Option<Error>,
}

/// `self, a, b[i], c.d`
struct Members {
    base: Expr,
    members: Vec<Expr>,
}

impl Parse for Members {
    fn parse(input: ParseStream) -> Result<Self> {
        let items = Punctuated::<Expr, Token![,]>::parse_terminated(input)?;
        let mut items = items.into_iter();
        let base = items.next().ok_or_else(|| input.error("expected `self, child, ...`"))?;
        Ok(Members { base, members: items.collect() })
    }
}

/// `a => b`
struct Arrow {
    from: Expr,
    to: Expr,
}

impl Parse for Arrow {
    fn parse(input: ParseStream) -> Result<Self> {
        let from = input.parse()?;
        input.parse::<Token![=>]>()?;
        Ok(Arrow { from, to: input.parse()? })
    }
}

/// `base.member`, where the member may itself be a path with indices.
fn member_of(base: &Expr, member: &Expr) -> Result<Expr> {
    match member {
        Expr::Path(p) => {
            let name = p.path.require_ident()?;
            Ok(parse_quote_spanned!(member.span()=> #base.#name))
        }
        Expr::Field(f) => {
            let (inner, name) = (member_of(base, &f.base)?, &f.member);
            Ok(parse_quote_spanned!(member.span()=> #inner.#name))
        }
        Expr::Index(i) => {
            let (inner, index) = (member_of(base, &i.expr)?, &i.index);
            Ok(parse_quote_spanned!(member.span()=> #inner[#index]))
        }
        _ => Err(Error::new(member.span(), "expected the name of a child, such as `fifo` or `lane[i]`")),
    }
}

fn expand_macro(mac: &Macro) -> Result<Vec<Stmt>> {
    let name = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
    let mut out: Vec<Stmt> = vec![];
    match name.as_str() {
        "setup" | "clocks" | "hold" | "setup_by" | "setup_on" | "clocks_on" => {
            let Members { base, mut members } = mac.parse_body()?;
            // `setup_on!(self, clock, reset, a, b)`, `clocks_on!(self, clock, a, b)`: the clock comes from there.
            let clock: Expr = match name.as_str() {
                "setup_on" | "clocks_on" if !members.is_empty() => member_of(&base, &members.remove(0))?,
                _ => parse_quote!(#base.clock),
            };
            // `setup_by!(self, source.signal, a, b)`: the reset comes from there.
            let reset: Expr = match name.as_str() {
                "setup_by" | "setup_on" if !members.is_empty() => member_of(&base, &members.remove(0))?,
                _ => parse_quote!(#base.reset),
            };
            for member in &members {
                let child = member_of(&base, member)?;
                if name == "hold" {
                    out.push(parse_quote_spanned!(member.span()=> #child.d.next = #child.q.val();));
                    continue;
                }
                out.push(parse_quote_spanned!(member.span()=> #child.clock.next = #clock.val();));
                if name.starts_with("setup") {
                    out.push(parse_quote_spanned!(member.span()=> #child.reset.next = #reset.val();));
                }
            }
        }
        "join" | "forward" => {
            let Arrow { from, to } = mac.parse_body()?;
            out.push(parse_quote!(#to.bits.next = #from.bits.val();));
            out.push(parse_quote!(#to.valid.next = #from.valid.val();));
            out.push(parse_quote!(#from.ready.next = #to.ready.val();));
        }
        _ => return Err(Error::new(
            mac.span(),
            "only setup!, setup_by!, setup_on!, clocks!, clocks_on!, hold!, join! and forward! can be used in a kernel",
        )),
    }
    Ok(out)
}

impl VisitMut for Expander {
    fn visit_block_mut(&mut self, block: &mut Block) {
        let mut out = vec![];
        for stmt in std::mem::take(&mut block.stmts) {
            let mac = match &stmt {
                Stmt::Macro(m) => Some(&m.mac),
                Stmt::Expr(Expr::Macro(m), _) => Some(&m.mac),
                _ => None,
            };
            match mac.map(expand_macro) {
                None => out.push(stmt),
                Some(Ok(stmts)) => out.extend(stmts),
                Some(Err(e)) => self.error = Some(e),
            }
        }
        block.stmts = out;
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        // Bits has no compound assignment operators, and foreign types cannot be given any.
        if let Expr::Binary(b) = expr {
            let (left, right) = (&b.left, &b.right);
            let span = b.op.span();
            let op: BinOp = match b.op {
                BinOp::AddAssign(_) => parse_quote_spanned!(span=> +),
                BinOp::SubAssign(_) => parse_quote_spanned!(span=> -),
                BinOp::MulAssign(_) => parse_quote_spanned!(span=> *),
                BinOp::BitAndAssign(_) => parse_quote_spanned!(span=> &),
                BinOp::BitOrAssign(_) => parse_quote_spanned!(span=> |),
                BinOp::BitXorAssign(_) => parse_quote_spanned!(span=> ^),
                BinOp::ShlAssign(_) => parse_quote_spanned!(span=> <<),
                BinOp::ShrAssign(_) => parse_quote_spanned!(span=> >>),
                _ => return,
            };
            *expr = parse_quote!(#left = #left #op (#right));
        }
    }
}
