import { BUTTON } from "../../shared/look.js";

export const LOOK = `${BUTTON}
dialog{width:440px;max-width:100%;margin-top:4dvh;max-height:92dvh;padding:0;border:0;border-radius:16px;overflow:hidden;background:light-dark(#fff,#161e26);color:light-dark(#1b2430,#e5eaee)}
::backdrop{background:#000a}
dialog iframe{display:block;width:100%;height:640px;max-height:92dvh;border:0}
dialog div{position:absolute;inset:0;padding:24px;--a:no-repeat content-box linear-gradient(light-dark(#e6e8ea,#27323c) 0 0);background:var(--a) 0 8px/40% 24px,var(--a) 0 64px/100% 128px,var(--a) 0 100%/100% 48px,light-dark(#fff,#161e26)}
div.said{position:static;padding-top:56px;background:0}
dialog p{margin:0 0 24px}
.x{position:absolute;top:12px;right:12px;width:44px;min-height:44px;padding:0;border:0;background:0;color:inherit;font-size:24px}
@media(max-width:480px){dialog{width:100%;margin:auto 0 0;border-radius:16px 16px 0 0}dialog iframe{height:92dvh!important}}
`;
