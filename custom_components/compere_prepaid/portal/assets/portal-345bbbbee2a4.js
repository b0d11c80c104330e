"use strict";(()=>{var Et=Object.defineProperty;var It=(n,e,t)=>e in n?Et(n,e,{enumerable:!0,configurable:!0,writable:!0,value:t}):n[e]=t;var p=(n,e,t)=>It(n,typeof e!="symbol"?e+"":e,t);var G=globalThis,Ve=n=>n,ae=G.trustedTypes,Ye=ae?ae.createPolicy("lit-html",{createHTML:n=>n}):void 0,tt="$lit$",M=`lit$${Math.random().toFixed(9).slice(2)}$`,at="?"+M,Bt=`<${at}>`,I=document,V=()=>I.createComment(""),Y=n=>n===null||typeof n!="object"&&typeof n!="function",Le=Array.isArray,Ht=n=>Le(n)||typeof(n==null?void 0:n[Symbol.iterator])=="function",Pe=`[ 	
\f\r]`,K=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,Je=/-->/g,ze=/>/g,L=RegExp(`>|${Pe}(?:([^\\s"'>=/]+)(${Pe}*=${Pe}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),Xe=/'/g,Ze=/"/g,it=/^(?:script|style|textarea|title)$/i,Ee=n=>(e,...t)=>({_$litType$:n,strings:e,values:t}),o=Ee(1),v=Ee(2),ha=Ee(3),J=Symbol.for("lit-noChange"),d=Symbol.for("lit-nothing"),Qe=new WeakMap,E=I.createTreeWalker(I,129);function nt(n,e){if(!Le(n)||!n.hasOwnProperty("raw"))throw Error("invalid template strings array");return Ye!==void 0?Ye.createHTML(e):e}var Dt=(n,e)=>{let t=n.length-1,a=[],i,s=e===2?"<svg>":e===3?"<math>":"",r=K;for(let l=0;l<t;l++){let c=n[l],g,m,u=-1,h=0;for(;h<c.length&&(r.lastIndex=h,m=r.exec(c),m!==null);)h=r.lastIndex,r===K?m[1]==="!--"?r=Je:m[1]!==void 0?r=ze:m[2]!==void 0?(it.test(m[2])&&(i=RegExp("</"+m[2],"g")),r=L):m[3]!==void 0&&(r=L):r===L?m[0]===">"?(r=i!=null?i:K,u=-1):m[1]===void 0?u=-2:(u=r.lastIndex-m[2].length,g=m[1],r=m[3]===void 0?L:m[3]==='"'?Ze:Xe):r===Ze||r===Xe?r=L:r===Je||r===ze?r=K:(r=L,i=void 0);let w=r===L&&n[l+1].startsWith("/>")?" ":"";s+=r===K?c+Bt:u>=0?(a.push(g),c.slice(0,u)+tt+c.slice(u)+M+w):c+M+(u===-2?l:w)}return[nt(n,s+(n[t]||"<?>")+(e===2?"</svg>":e===3?"</math>":"")),a]},z=class n{constructor({strings:e,_$litType$:t},a){let i;this.parts=[];let s=0,r=0,l=e.length-1,c=this.parts,[g,m]=Dt(e,t);if(this.el=n.createElement(g,a),E.currentNode=this.el.content,t===2||t===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(i=E.nextNode())!==null&&c.length<l;){if(i.nodeType===1){if(i.hasAttributes())for(let u of i.getAttributeNames())if(u.endsWith(tt)){let h=m[r++],w=i.getAttribute(u).split(M),O=/([.?@])?(.*)/.exec(h);c.push({type:1,index:s,name:O[2],strings:w,ctor:O[1]==="."?Ne:O[1]==="?"?Me:O[1]==="@"?Ce:j}),i.removeAttribute(u)}else u.startsWith(M)&&(c.push({type:6,index:s}),i.removeAttribute(u));if(it.test(i.tagName)){let u=i.textContent.split(M),h=u.length-1;if(h>0){i.textContent=ae?ae.emptyScript:"";for(let w=0;w<h;w++)i.append(u[w],V()),E.nextNode(),c.push({type:2,index:++s});i.append(u[h],V())}}}else if(i.nodeType===8)if(i.data===at)c.push({type:2,index:s});else{let u=-1;for(;(u=i.data.indexOf(M,u+1))!==-1;)c.push({type:7,index:s}),u+=M.length-1}s++}}static createElement(e,t){let a=I.createElement("template");return a.innerHTML=e,a}};function D(n,e,t=n,a){var r,l,c;if(e===J)return e;let i=a!==void 0?(r=t._$Co)==null?void 0:r[a]:t._$Cl,s=Y(e)?void 0:e._$litDirective$;return(i==null?void 0:i.constructor)!==s&&((l=i==null?void 0:i._$AO)==null||l.call(i,!1),s===void 0?i=void 0:(i=new s(n),i._$AT(n,t,a)),a!==void 0?((c=t._$Co)!=null?c:t._$Co=[])[a]=i:t._$Cl=i),i!==void 0&&(e=D(n,i._$AS(n,e.values),i,a)),e}var Se=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){var g;let{el:{content:t},parts:a}=this._$AD,i=((g=e==null?void 0:e.creationScope)!=null?g:I).importNode(t,!0);E.currentNode=i;let s=E.nextNode(),r=0,l=0,c=a[0];for(;c!==void 0;){if(r===c.index){let m;c.type===2?m=new X(s,s.nextSibling,this,e):c.type===1?m=new c.ctor(s,c.name,c.strings,this,e):c.type===6&&(m=new Oe(s,this,e)),this._$AV.push(m),c=a[++l]}r!==(c==null?void 0:c.index)&&(s=E.nextNode(),r++)}return E.currentNode=I,i}p(e){let t=0;for(let a of this._$AV)a!==void 0&&(a.strings!==void 0?(a._$AI(e,a,t),t+=a.strings.length-2):a._$AI(e[t])),t++}},X=class n{get _$AU(){var e,t;return(t=(e=this._$AM)==null?void 0:e._$AU)!=null?t:this._$Cv}constructor(e,t,a,i){var s;this.type=2,this._$AH=d,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=a,this.options=i,this._$Cv=(s=i==null?void 0:i.isConnected)!=null?s:!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&(e==null?void 0:e.nodeType)===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=D(this,e,t),Y(e)?e===d||e==null||e===""?(this._$AH!==d&&this._$AR(),this._$AH=d):e!==this._$AH&&e!==J&&this._(e):e._$litType$!==void 0?this.$(e):e.nodeType!==void 0?this.T(e):Ht(e)?this.k(e):this._(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==d&&Y(this._$AH)?this._$AA.nextSibling.data=e:this.T(I.createTextNode(e)),this._$AH=e}$(e){var s;let{values:t,_$litType$:a}=e,i=typeof a=="number"?this._$AC(e):(a.el===void 0&&(a.el=z.createElement(nt(a.h,a.h[0]),this.options)),a);if(((s=this._$AH)==null?void 0:s._$AD)===i)this._$AH.p(t);else{let r=new Se(i,this),l=r.u(this.options);r.p(t),this.T(l),this._$AH=r}}_$AC(e){let t=Qe.get(e.strings);return t===void 0&&Qe.set(e.strings,t=new z(e)),t}k(e){Le(this._$AH)||(this._$AH=[],this._$AR());let t=this._$AH,a,i=0;for(let s of e)i===t.length?t.push(a=new n(this.O(V()),this.O(V()),this,this.options)):a=t[i],a._$AI(s),i++;i<t.length&&(this._$AR(a&&a._$AB.nextSibling,i),t.length=i)}_$AR(e=this._$AA.nextSibling,t){var a;for((a=this._$AP)==null?void 0:a.call(this,!1,!0,t);e!==this._$AB;){let i=Ve(e).nextSibling;Ve(e).remove(),e=i}}setConnected(e){var t;this._$AM===void 0&&(this._$Cv=e,(t=this._$AP)==null||t.call(this,e))}},j=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,a,i,s){this.type=1,this._$AH=d,this._$AN=void 0,this.element=e,this.name=t,this._$AM=i,this.options=s,a.length>2||a[0]!==""||a[1]!==""?(this._$AH=Array(a.length-1).fill(new String),this.strings=a):this._$AH=d}_$AI(e,t=this,a,i){let s=this.strings,r=!1;if(s===void 0)e=D(this,e,t,0),r=!Y(e)||e!==this._$AH&&e!==J,r&&(this._$AH=e);else{let l=e,c,g;for(e=s[0],c=0;c<s.length-1;c++)g=D(this,l[a+c],t,c),g===J&&(g=this._$AH[c]),r||(r=!Y(g)||g!==this._$AH[c]),g===d?e=d:e!==d&&(e+=(g!=null?g:"")+s[c+1]),this._$AH[c]=g}r&&!i&&this.j(e)}j(e){e===d?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e!=null?e:"")}},Ne=class extends j{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===d?void 0:e}},Me=class extends j{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==d)}},Ce=class extends j{constructor(e,t,a,i,s){super(e,t,a,i,s),this.type=5}_$AI(e,t=this){var r;if((e=(r=D(this,e,t,0))!=null?r:d)===J)return;let a=this._$AH,i=e===d&&a!==d||e.capture!==a.capture||e.once!==a.once||e.passive!==a.passive,s=e!==d&&(a===d||i);i&&this.element.removeEventListener(this.name,this,a),s&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){var t,a;typeof this._$AH=="function"?this._$AH.call((a=(t=this.options)==null?void 0:t.host)!=null?a:this.element,e):this._$AH.handleEvent(e)}},Oe=class{constructor(e,t,a){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=a}get _$AU(){return this._$AM._$AU}_$AI(e){D(this,e)}};var Re=G.litHtmlPolyfillSupport,et;Re==null||Re(z,X),((et=G.litHtmlVersions)!=null?et:G.litHtmlVersions=[]).push("3.3.3");var st=(n,e,t)=>{var s,r;let a=(s=t==null?void 0:t.renderBefore)!=null?s:e,i=a._$litPart$;if(i===void 0){let l=(r=t==null?void 0:t.renderBefore)!=null?r:null;a._$litPart$=i=new X(e.insertBefore(V(),l),l,void 0,t!=null?t:{})}return i._$AI(n),i};var $=class extends Error{constructor(t,a,i,s,r){super(s);p(this,"kind",t);p(this,"status",a);p(this,"code",i);p(this,"retryAfterS",r)}},jt=2e4,ie=class{constructor(){p(this,"language",null);p(this,"reached",()=>{});p(this,"aheadMs",0);p(this,"Re","")}use(e){return this.Re=e.csrf,e}async session(){return this.use(await this.get("/api/session"))}get(e){return this.r(e,{headers:this.Se()})}post(e,t={}){let a={...this.Se(),"Content-Type":"application/json","X-CP-CSRF":this.Re};return this.r(e,{method:"POST",headers:a,body:JSON.stringify(t)})}Se(){return this.language?{Accept:"application/json","Accept-Language":this.language}:{Accept:"application/json"}}async r(e,t){var s;let a=new AbortController,i=setTimeout(()=>a.abort(),jt);try{let r=await fetch(e,{...t,credentials:"same-origin",cache:"no-store",signal:a.signal}),l=await r.json().catch(()=>null);if(this.aheadMs=(Date.parse((s=r.headers.get("Date"))!=null?s:"")||Date.now())-Date.now(),this.reached(!0),!r.ok)throw Ft(r,l);return l}catch(r){throw r instanceof $?r:(this.reached(!1),new $("network",0,"network","",null))}finally{clearTimeout(i)}}};function Ft(n,e){var l,c;let{code:t="",message:a="",retry_after:i}=(l=e==null?void 0:e.error)!=null?l:{},s=n.status===429?"slow_down":n.status>=500?"busy":"refused",r=i!=null?i:Number((c=n.headers.get("Retry-After"))!=null?c:NaN);return new $(s,n.status,t,a,Number.isFinite(r)?Math.ceil(r):null)}function y(n){if(n instanceof $)return n;throw n}var Wt={en:"en-GB","zh-Hans":"zh-CN",ms:"ms-MY"},qt=/^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?/,F=class{constructor(e,t,a){p(this,"currency",t);p(this,"digits",a);p(this,"S");this.S=Wt[e]}money(e,t=this.digits){let{sign:a,symbol:i,number:s}=this.moneyParts(e,t);return a+i+s}price(e){var a,i;let t=(i=(a=e.split(".")[1])==null?void 0:a.replace(/0+$/,"").length)!=null?i:0;return this.money(e,Math.max(this.digits,Math.min(6,t)))}moneyParts(e,t=this.digits){let a=Number(e),i=new Intl.NumberFormat(this.S,{minimumFractionDigits:t,maximumFractionDigits:t});return{sign:a<0?"−":"",symbol:this.symbol(),number:i.format(Math.abs(a))}}symbol(){var e,t;for(let a of["narrowSymbol","symbol"])try{let s=(t=(e=new Intl.NumberFormat(this.S,{style:"currency",currency:this.currency,currencyDisplay:a}).formatToParts(0).find(r=>r.type==="currency"))==null?void 0:e.value)!=null?t:this.currency;return/[A-Za-z]$/.test(s)?`${s} `:s}catch{continue}return`${this.currency} `}number(e,t){return new Intl.NumberFormat(this.S,{minimumFractionDigits:t,maximumFractionDigits:t}).format(Number(e))}energy(e){return`${this.number(e,1)} kWh`}power(e){return Math.abs(e)<1e3?`${this.number(e,0)} W`:`${this.number(e/1e3,2)} kW`}day(e){return this.o(e,{weekday:"short",day:"numeric",month:"short"})}shortDay(e){return this.o(e,{day:"numeric",month:"short"})}time(e){return this.o(e,{hour:"2-digit",minute:"2-digit",hourCycle:"h23"})}moment(e){return this.o(e,{day:"numeric",month:"short",year:"numeric",hour:"2-digit",minute:"2-digit",hourCycle:"h23"})}o(e,t){let a=Ut(e);return a===null?e:new Intl.DateTimeFormat(this.S,{...t,timeZone:"UTC"}).format(a)}};function Ut(n){let e=qt.exec(n);if(!e)return null;let[,t,a,i,s="0",r="0"]=e;return new Date(Date.UTC(Number(t),Number(a)-1,Number(i),Number(s),Number(r)))}var Kt=/^\d{1,9}(?:\.\d+)?$/;function ne(n,e){var a;let t=n.normalize("NFKC").replace(/\s/g,"").replace(/,(?=\d{3}(?:\D|$))/g,"").replace(/[,。]/,".");return!Kt.test(t)||Number(t)<=0||((a=t.split(".")[1])!=null?a:"").length>e?null:t}var se=class{constructor(e,t,a){p(this,"api",e);p(this,"heard",t);p(this,"failed",a);p(this,"f",null);p(this,"i",null);p(this,"Ne",0);p(this,"le",!1);document.addEventListener("visibilitychange",()=>this.Me())}get streaming(){var e;return((e=this.f)==null?void 0:e.readyState)===1}start(){this.le=!0,this.Me()}stop(){this.le=!1,this.Ce()}async refresh(){try{this.heard(await this.api.get("/api/overview"))}catch(e){this.failed(e)}}Me(){this.Ce(),!(!this.le||document.hidden)&&(this.Oe(),this.refresh(),this.Le())}Le(){this.i=setTimeout(()=>{this.Ve()},1e4)}Ce(){var e;(e=this.f)==null||e.close(),this.f=null,this.i!==null&&clearTimeout(this.i),this.i=null}Oe(){var t;if(typeof EventSource=="undefined")return;let e=new EventSource(`/api/live?language=${(t=this.api.language)!=null?t:""}`);this.f=e,e.addEventListener("state",a=>this.heard(JSON.parse(a.data))),e.addEventListener("error",()=>this.heard({})),e.addEventListener("open",()=>this.heard({}))}async Ve(){let e=this.i;if(this.streaming||await this.refresh(),e!==this.i)return;this.Ne+=1,(this.f===null||this.f.readyState===2)&&this.Ne%6===0&&this.Oe(),this.Le()}};var Ie={skip:"Skip to the content",loading:"One moment…",home:"Overview",top_up:"Top up",history:"History",settings:"Settings",navigation:"Pages",language:"Language",meter:"Meter {meter}",back:"Back",cancel:"Cancel",save:"Save",saved:"Saved.",close:"Close",try_again:"Try again",sandbox:"Trial site: payments here move no real money.",updated_at:"As of {time}",offline:"No connection. Check your network; this page tries again by itself.",slow_down:"That was too often. Please wait {seconds} s, then try again.",busy:"The service is busy just now. Nothing was lost; please try again in a moment.",failed:"That did not work. Please try again.",signed_out:"You were signed out because nothing happened for a while. Your meter number is still here.",meter_changed:"Another meter was opened in another tab. Please check which shop is shown now.",expiring:"For your safety you will be signed out soon.",stay:"Stay signed in",not_found_page:"There is no such page.",find_title:"Pay for your electricity",find_lead:"Type the number on your meter, or scan the code on it with your phone’s camera or with WeChat.",meter_number:"Meter number",meter_number_hint:"It stands below the code, for example {example}. The last character guards against typing mistakes.",continue:"Continue",number_missing:"Please type your meter number.",number_wrong:"This number has a typing mistake. Compare it with the one on the meter.",number_unknown:"No meter with this number was found.",code_expired:"This code no longer opens the balance. You can still pay, or ask the management for a new code.",link_expired:"This link was used already or has expired. Ask the management for a new one.",shop_found:"Is this your shop?",shop_masked:"For privacy a part of the name is hidden.",see_balance:"See the balance and the power",see_balance_lead:"Scan the code on your meter, or type the PIN from your contract.",pin:"PIN",pin_hint:"6 to 12 digits. Keep it to yourself.",pin_missing:"Please type your PIN: 6 to 12 digits.",pin_wrong:"This PIN was not accepted. Paying is possible without it.",open_balance:"Show my balance",other_meter:"Another meter",balance:"Balance",days_left:"about {days} days left",day_left:"about 1 day left",hours_left:"less than a day left",lasts_until:"until about {day}",credit_usable:"{amount} usable with your credit limit",power_now:"Power now",power_is_on:"Power is on",power_is_off:"Power is off",power_unknown:"The meter does not answer just now",today:"Today",this_month:"This month",usual:"usual for such a day: {amount}",price_now:"Price now",price_next:"from {time}: {price}",per_kwh:"{price} per kWh",live:"live",until:"until {time}",warnings:"Warnings",announcements:"Announcements",announcement_read:"I have read this",announcement_was_read:"Read",messages:"Messages",meters:"Meters",relay_closed:"on",relay_open:"off",relay_unknown:"not known",reconnect_offered:"Your power can be switched on again",reconnect_go:"Switch my power on",emergency_offered:"Emergency credit of {amount} is available",emergency_in_use:"Emergency credit in use: {amount}. It is paid back first with your next top-up.",emergency_go:"Use emergency credit",supply_in_credit:"All is well",supply_warning:"Please top up soon",supply_emergency:"Running on emergency credit",supply_exhausted:"The credit is used up",supply_off:"Power is off",period_sharp:"sharp",period_peak:"peak",period_flat:"flat",period_valley:"valley",period_deep_valley:"deep valley",reconnect_title:"Switch the power on",reconnect_lead:"Before you go on: are hot plates, fryers, irons and machines switched off, and is nobody working at them?",reconnect_sure:"Yes, it is safe to switch on",reconnect_asked:"Asked for. The power comes back in a few seconds.",emergency_title:"Use emergency credit",emergency_lead:"You get {amount} to go on with. Your next top-up pays it back first.",emergency_taken:"Emergency credit is in use now.",amount:"Amount",other_amount:"Other amount",own_amount:"Your amount in {currency}",amount_between:"Between {minimum} and {maximum}",amount_from:"{minimum} or more",amount_missing:"Please choose an amount.",amount_wrong:"Please type an amount such as {example}.",amount_low:"The smallest amount is {minimum}.",amount_high:"The largest amount is {maximum}.",pay_with:"Pay with",by_jsapi:"in WeChat",by_redirect:"on the provider’s page",by_qr:"scan a code",by_cashier:"transfer, confirmed by the cashier",no_provider:"Paying by phone is not set up here yet. Please pay at the cash desk.",shop_confirm:"Yes, I pay for this shop",shop_confirm_missing:"Please confirm that this is the shop that you pay for.",where_it_goes:"Where your money goes",step_percent_debt:"Debt: {name}",step_time_debt:"Instalment: {name}",step_below_cut_off:"Used since the credit ended",step_emergency:"Emergency credit paid back",step_balance:"To your balance",balance_after:"Balance afterwards",will_reconnect:"The power comes back by itself.",will_not_reconnect:"The power does not come back by this payment alone.",pay:"Pay {amount}",paying:"One moment…",keep_means:"Keep this means of payment for automatic top-ups",pending_order:"A payment of {amount} is waiting.",pending_go:"Go on with it",wechat_login:"Continue with WeChat",wait_title:"Pay {amount}",wait_jsapi:"WeChat asks for your password now. If nothing opens, press the button.",wait_jsapi_go:"Pay in WeChat",wait_redirect:"The payment goes on at {provider}. Come back here afterwards; we look for your payment by ourselves.",wait_redirect_go:"Go on to pay",wait_qr:"Scan this code with {provider}.",wait_qr_alt:"Code to pay {amount}",wait_qr_save:"On the same phone: keep the picture of the code and open it in the payment app.",wait_qr_open:"Without a second phone: open the trial payment here",wait_cashier:"Pay with this code, then tell the cashier this reference. A cashier confirms your payment.",wait_reference:"Reference",wait_charged:"The payment was made with the means that you kept.",wait_looking:"We are looking for your payment…",wait_check:"I have paid: look now",wait_not_yet:"Nothing has arrived so far. We go on looking.",wait_until:"This payment stays open until {time}.",wait_elsewhere:"The payment was begun in another window. This page shows when it arrives.",wait_not_here:"This payment was begun in another browser. Look there, or open your meter’s page: what was paid is credited by itself.",wait_cancelled:"The payment was cancelled in WeChat. You can try again.",closed_title:"Not paid",closed_lead:"This payment is closed and nothing was taken. If your bank shows money taken, it is found and credited by itself.",pay_again:"Pay again",paid_title:"Paid: {amount}",see_receipt:"See the receipt",to_overview:"To the overview",receipt:"Receipt",receipt_number:"Receipt number",receipt_at:"Paid on",receipt_via:"Paid with",receipt_reference:"Reference",print:"Print",via_cash_desk:"Cash desk",daily_use:"Use per day",daily_chart:"Energy per day from {from} to {to}. Most: {most} on {most_day}. Average: {average}.",day:"Day",energy:"Energy",cost:"Cost",as_table:"As a table",average:"Average",most:"Most",top_ups:"Top-ups",no_top_ups:"No top-ups so far.",no_days:"No use recorded so far.",statements:"Statements",statements_locked:"Statements and devices need more than the code on the meter: ask the management for a personal link, or sign in with WeChat.",no_statements:"No statements so far.",statement:"Statement {number}",statement_span:"{from} to {until}",opening:"Opening balance",closing:"Closing balance",line_opening:"Opening balance",line_top_up:"Top-up",line_adjustment:"Adjustment",line_charge:"Electricity",line_standing:"Standing charge",line_service:"Service charge",line_minimum:"Minimum charge",line_demand:"Demand charge",line_allocation:"Shared costs",line_tax:"Tax",line_correction:"Correction",line_debt:"Debt",line_debt_recovery:"Debt paid back",line_refund:"Refund",line_reversal:"Reversal",line_deposit:"Deposit",line_carry_over:"Transfer",line_rounding:"Rounding",late:"of an earlier time",given_back:"given back",alarm_threshold:"Tell me when the balance falls below",alarm_threshold_hint:"Empty: only the warnings that everybody gets.",devices:"My devices",this_device:"this device",device_name:"Name of this device",device_name_missing:"Please give this device a name.",device_add:"Remember this device",device_remove:"Remove {name}",device_removed:"{name} was removed.",device_added:"This device is remembered.",auto_top_up:"Automatic top-up",auto_top_up_lead:"Top up by yourself once and keep the means of payment; then it can be done automatically.",auto_enabled:"Top up automatically",auto_threshold:"When the balance falls below",auto_amount:"Top up by",sign_out:"Sign out",signed_out_now:"You are signed out."};var rt={skip:"Langkau ke kandungan",loading:"Sebentar…",home:"Ringkasan",top_up:"Tambah nilai",history:"Sejarah",settings:"Tetapan",navigation:"Halaman",language:"Bahasa",meter:"Meter {meter}",back:"Kembali",cancel:"Batal",save:"Simpan",saved:"Disimpan.",close:"Tutup",try_again:"Cuba lagi",sandbox:"Tapak percubaan: bayaran di sini tidak melibatkan wang sebenar.",updated_at:"Setakat {time}",offline:"Tiada sambungan. Semak rangkaian anda; halaman ini mencuba lagi dengan sendirinya.",slow_down:"Terlalu kerap. Sila tunggu {seconds} saat, kemudian cuba lagi.",busy:"Sistem sedang sibuk. Tiada apa yang hilang; sila cuba sebentar lagi.",failed:"Tidak berjaya. Sila cuba lagi.",signed_out:"Anda dilog keluar kerana tiada aktiviti. Nombor meter anda masih ada di sini.",meter_changed:"Meter lain dibuka di tab lain. Sila semak kedai yang dipaparkan sekarang.",expiring:"Demi keselamatan, anda akan dilog keluar sebentar lagi.",stay:"Kekal log masuk",not_found_page:"Halaman ini tidak wujud.",find_title:"Bayar elektrik anda",find_lead:"Taip nombor pada meter anda, atau imbas kodnya dengan kamera telefon atau WeChat.",meter_number:"Nombor meter",meter_number_hint:"Di bawah kod, contohnya {example}. Aksara terakhir mengelakkan salah taip.",continue:"Teruskan",number_missing:"Sila taip nombor meter anda.",number_wrong:"Nombor ini salah taip. Bandingkan dengan nombor pada meter.",number_unknown:"Tiada meter dengan nombor ini.",code_expired:"Kod ini tidak lagi membuka baki. Anda masih boleh membayar, atau minta kod baharu daripada pihak pengurusan.",link_expired:"Pautan ini telah digunakan atau tamat tempoh. Minta pautan baharu daripada pihak pengurusan.",shop_found:"Adakah ini kedai anda?",shop_masked:"Sebahagian nama disembunyikan demi privasi.",see_balance:"Lihat baki dan kuasa",see_balance_lead:"Imbas kod pada meter anda, atau taip PIN daripada kontrak anda.",pin:"PIN",pin_hint:"6 hingga 12 digit. Simpan untuk diri sendiri.",pin_missing:"Sila taip PIN anda: 6 hingga 12 digit.",pin_wrong:"PIN ini tidak diterima. Anda boleh membayar tanpanya.",open_balance:"Tunjukkan baki saya",other_meter:"Meter lain",balance:"Baki",days_left:"kira-kira {days} hari lagi",day_left:"kira-kira 1 hari lagi",hours_left:"kurang daripada sehari",lasts_until:"hingga kira-kira {day}",credit_usable:"{amount} boleh digunakan dengan had kredit anda",power_now:"Kuasa sekarang",power_is_on:"Bekalan hidup",power_is_off:"Bekalan terputus",power_unknown:"Meter tidak menjawab buat masa ini",today:"Hari ini",this_month:"Bulan ini",usual:"biasanya bagi hari begini: {amount}",price_now:"Harga sekarang",price_next:"mulai {time}: {price}",per_kwh:"{price} setiap kWh",live:"langsung",until:"hingga {time}",warnings:"Amaran",announcements:"Pengumuman",announcement_read:"Saya sudah baca",announcement_was_read:"Sudah dibaca",messages:"Mesej",meters:"Meter",relay_closed:"hidup",relay_open:"terputus",relay_unknown:"tidak diketahui",reconnect_offered:"Bekalan anda boleh dihidupkan semula",reconnect_go:"Hidupkan bekalan saya",emergency_offered:"Kredit kecemasan {amount} tersedia",emergency_in_use:"Kredit kecemasan digunakan: {amount}. Ia dibayar balik dahulu dengan tambah nilai berikutnya.",emergency_go:"Guna kredit kecemasan",supply_in_credit:"Semuanya baik",supply_warning:"Sila tambah nilai segera",supply_emergency:"Menggunakan kredit kecemasan",supply_exhausted:"Kredit telah habis",supply_off:"Bekalan terputus",period_sharp:"puncak tertinggi",period_peak:"puncak",period_flat:"biasa",period_valley:"luar puncak",period_deep_valley:"luar puncak rendah",reconnect_title:"Hidupkan bekalan",reconnect_lead:"Sebelum meneruskan: adakah dapur, penggoreng, seterika dan mesin dimatikan, dan tiada sesiapa bekerja dengannya?",reconnect_sure:"Ya, selamat untuk dihidupkan",reconnect_asked:"Diminta. Bekalan kembali dalam beberapa saat.",emergency_title:"Guna kredit kecemasan",emergency_lead:"Anda mendapat {amount} untuk diteruskan. Tambah nilai berikutnya membayarnya dahulu.",emergency_taken:"Kredit kecemasan sedang digunakan.",amount:"Jumlah",other_amount:"Jumlah lain",own_amount:"Jumlah anda dalam {currency}",amount_between:"Antara {minimum} dan {maximum}",amount_from:"{minimum} atau lebih",amount_missing:"Sila pilih jumlah.",amount_wrong:"Sila taip jumlah seperti {example}.",amount_low:"Jumlah terkecil ialah {minimum}.",amount_high:"Jumlah terbesar ialah {maximum}.",pay_with:"Bayar dengan",by_jsapi:"dalam WeChat",by_redirect:"di halaman penyedia",by_qr:"imbas kod",by_cashier:"pindahan, disahkan oleh juruwang",no_provider:"Bayaran melalui telefon belum tersedia di sini. Sila bayar di kaunter.",shop_confirm:"Ya, saya membayar untuk kedai ini",shop_confirm_missing:"Sila sahkan bahawa ini kedai yang anda bayar.",where_it_goes:"Ke mana wang anda pergi",step_percent_debt:"Hutang: {name}",step_time_debt:"Ansuran: {name}",step_below_cut_off:"Digunakan sejak kredit habis",step_emergency:"Bayaran balik kredit kecemasan",step_balance:"Ke baki anda",balance_after:"Baki selepas itu",will_reconnect:"Bekalan kembali dengan sendirinya.",will_not_reconnect:"Bekalan tidak kembali dengan bayaran ini sahaja.",pay:"Bayar {amount}",paying:"Sebentar…",keep_means:"Simpan cara bayaran ini untuk tambah nilai automatik",pending_order:"Bayaran {amount} sedang menunggu.",pending_go:"Teruskan",wechat_login:"Teruskan dengan WeChat",wait_title:"Bayar {amount}",wait_jsapi:"WeChat meminta kata laluan anda sekarang. Jika tiada yang terbuka, tekan butang.",wait_jsapi_go:"Bayar dalam WeChat",wait_redirect:"Bayaran diteruskan di {provider}. Kembali ke sini selepas itu; kami mencari bayaran anda sendiri.",wait_redirect_go:"Teruskan untuk membayar",wait_qr:"Imbas kod ini dengan {provider}.",wait_qr_alt:"Kod untuk membayar {amount}",wait_qr_save:"Pada telefon yang sama: simpan gambar kod dan buka dalam aplikasi bayaran.",wait_qr_open:"Tanpa telefon kedua: buka bayaran percubaan di sini",wait_cashier:"Bayar dengan kod ini, kemudian beritahu juruwang rujukan ini. Juruwang mengesahkan bayaran anda.",wait_reference:"Rujukan",wait_charged:"Bayaran dibuat dengan cara yang anda simpan.",wait_looking:"Kami sedang mencari bayaran anda…",wait_check:"Saya sudah bayar: semak sekarang",wait_not_yet:"Belum ada yang sampai. Kami terus mencari.",wait_until:"Bayaran ini dibuka hingga {time}.",wait_elsewhere:"Bayaran dimulakan di tetingkap lain. Halaman ini menunjukkan apabila ia sampai.",wait_not_here:"Bayaran ini dimulakan dalam pelayar lain. Lihat di sana, atau buka halaman meter anda: apa yang dibayar dikreditkan dengan sendirinya.",wait_cancelled:"Bayaran dibatalkan dalam WeChat. Anda boleh cuba lagi.",closed_title:"Belum dibayar",closed_lead:"Bayaran ini ditutup dan tiada wang diambil. Jika bank anda menunjukkan wang diambil, ia ditemui dan dikreditkan dengan sendirinya.",pay_again:"Bayar semula",paid_title:"Dibayar: {amount}",see_receipt:"Lihat resit",to_overview:"Ke ringkasan",receipt:"Resit",receipt_number:"Nombor resit",receipt_at:"Dibayar pada",receipt_via:"Dibayar dengan",receipt_reference:"Rujukan",print:"Cetak",via_cash_desk:"Kaunter",daily_use:"Penggunaan sehari",daily_chart:"Tenaga sehari dari {from} hingga {to}. Tertinggi: {most} pada {most_day}. Purata: {average}.",day:"Hari",energy:"Tenaga",cost:"Kos",as_table:"Sebagai jadual",average:"Purata",most:"Tertinggi",top_ups:"Tambah nilai",no_top_ups:"Belum ada tambah nilai.",no_days:"Belum ada penggunaan direkodkan.",statements:"Penyata",statements_locked:"Penyata dan peranti memerlukan lebih daripada kod pada meter: minta pautan peribadi daripada pihak pengurusan, atau log masuk dengan WeChat.",no_statements:"Belum ada penyata.",statement:"Penyata {number}",statement_span:"{from} hingga {until}",opening:"Baki awal",closing:"Baki akhir",line_opening:"Baki awal",line_top_up:"Tambah nilai",line_adjustment:"Pelarasan",line_charge:"Elektrik",line_standing:"Caj tetap",line_service:"Caj perkhidmatan",line_minimum:"Caj minimum",line_demand:"Caj permintaan",line_allocation:"Kos kongsi",line_tax:"Cukai",line_correction:"Pembetulan",line_debt:"Hutang",line_debt_recovery:"Bayaran balik hutang",line_refund:"Bayaran balik",line_reversal:"Pembatalan",line_deposit:"Deposit",line_carry_over:"Pindahan",line_rounding:"Pembundaran",late:"bagi masa terdahulu",given_back:"dipulangkan",alarm_threshold:"Beritahu saya apabila baki jatuh di bawah",alarm_threshold_hint:"Kosong: hanya amaran yang diterima semua orang.",devices:"Peranti saya",this_device:"peranti ini",device_name:"Nama peranti ini",device_name_missing:"Sila namakan peranti ini.",device_add:"Ingat peranti ini",device_remove:"Buang {name}",device_removed:"{name} telah dibuang.",device_added:"Peranti ini diingati.",auto_top_up:"Tambah nilai automatik",auto_top_up_lead:"Tambah nilai sendiri sekali dan simpan cara bayaran; selepas itu ia boleh dibuat secara automatik.",auto_enabled:"Tambah nilai secara automatik",auto_threshold:"Apabila baki jatuh di bawah",auto_amount:"Tambah sebanyak",sign_out:"Log keluar",signed_out_now:"Anda telah log keluar."};var ot={skip:"跳到主要内容",loading:"请稍候…",home:"总览",top_up:"充值",history:"记录",settings:"设置",navigation:"页面",language:"语言",meter:"电表 {meter}",back:"返回",cancel:"取消",save:"保存",saved:"已保存。",close:"关闭",try_again:"重试",sandbox:"演示站点：此处付款不涉及真实资金。",updated_at:"截至 {time}",offline:"网络未连接。请检查网络，本页会自动重试。",slow_down:"操作过于频繁，请等待 {seconds} 秒后再试。",busy:"系统正忙，数据没有丢失，请稍后再试。",failed:"操作没有成功，请重试。",signed_out:"由于长时间没有操作，您已退出。电表号仍保留在此。",meter_changed:"另一个标签页打开了别的电表，请核对现在显示的店铺。",expiring:"为了您的安全，即将自动退出。",stay:"保持登录",not_found_page:"没有这个页面。",find_title:"缴纳电费",find_lead:"请输入电表上的号码，或用手机相机、微信扫描电表上的二维码。",meter_number:"电表号",meter_number_hint:"在二维码下方，例如 {example}。最后一位用于防止输错。",continue:"继续",number_missing:"请输入电表号。",number_wrong:"号码有误，请与电表上的号码核对。",number_unknown:"没有找到这个电表号。",code_expired:"此二维码已不能查看余额。您仍可充值，或向物业索取新的二维码。",link_expired:"此链接已使用或已过期，请向物业索取新的链接。",shop_found:"这是您的店铺吗？",shop_masked:"为保护隐私，名称只显示一部分。",see_balance:"查看余额和用电",see_balance_lead:"请扫描电表上的二维码，或输入合同上的 PIN 码。",pin:"PIN 码",pin_hint:"6 至 12 位数字，请勿告诉他人。",pin_missing:"请输入 6 至 12 位数字的 PIN 码。",pin_wrong:"PIN 码不正确。不用 PIN 码也可以充值。",open_balance:"查看余额",other_meter:"换一个电表",balance:"余额",days_left:"约可用 {days} 天",day_left:"约可用 1 天",hours_left:"不足一天",lasts_until:"预计到 {day}",credit_usable:"含信用额度可用 {amount}",power_now:"当前功率",power_is_on:"供电正常",power_is_off:"已断电",power_unknown:"电表暂时没有应答",today:"今日",this_month:"本月",usual:"往常这样的一天：{amount}",price_now:"当前电价",price_next:"{time} 起：{price}",per_kwh:"{price}/千瓦时",live:"实时",until:"至 {time}",warnings:"提醒",announcements:"公告",announcement_read:"我已阅读",announcement_was_read:"已读",messages:"消息",meters:"电表",relay_closed:"通电",relay_open:"断电",relay_unknown:"未知",reconnect_offered:"可以恢复供电了",reconnect_go:"恢复供电",emergency_offered:"可使用应急额度 {amount}",emergency_in_use:"正在使用应急额度：{amount}。下次充值时优先归还。",emergency_go:"使用应急额度",supply_in_credit:"一切正常",supply_warning:"请尽快充值",supply_emergency:"正在使用应急额度",supply_exhausted:"余额已用完",supply_off:"已断电",period_sharp:"尖",period_peak:"峰",period_flat:"平",period_valley:"谷",period_deep_valley:"深谷",reconnect_title:"恢复供电",reconnect_lead:"继续之前请确认：电磁炉、炸炉、电熨斗和机器都已关闭，并且没有人在操作。",reconnect_sure:"确认安全，恢复供电",reconnect_asked:"已提交，几秒钟后恢复供电。",emergency_title:"使用应急额度",emergency_lead:"您可先使用 {amount}，下次充值时优先归还。",emergency_taken:"应急额度已启用。",amount:"金额",other_amount:"其他金额",own_amount:"自定义金额（{currency}）",amount_between:"{minimum} 至 {maximum}",amount_from:"最低 {minimum}",amount_missing:"请选择金额。",amount_wrong:"请输入金额，例如 {example}。",amount_low:"最低金额为 {minimum}。",amount_high:"最高金额为 {maximum}。",pay_with:"支付方式",by_jsapi:"在微信内支付",by_redirect:"跳转到支付页面",by_qr:"扫码支付",by_cashier:"转账，由收银员确认",no_provider:"此处尚未开通手机支付，请到收银台缴费。",shop_confirm:"确认为此店铺付款",shop_confirm_missing:"请确认这是您要付款的店铺。",where_it_goes:"款项去向",step_percent_debt:"欠款：{name}",step_time_debt:"分期：{name}",step_below_cut_off:"补足透支用电",step_emergency:"归还应急额度",step_balance:"计入余额",balance_after:"充值后余额",will_reconnect:"充值后将自动恢复供电。",will_not_reconnect:"仅凭此笔付款不会恢复供电。",pay:"支付 {amount}",paying:"请稍候…",keep_means:"保存此支付方式，用于自动充值",pending_order:"有一笔 {amount} 的付款待完成。",pending_go:"继续付款",wechat_login:"用微信继续",wait_title:"支付 {amount}",wait_jsapi:"请在微信中输入支付密码。如果没有弹出，请点下面的按钮。",wait_jsapi_go:"微信支付",wait_redirect:"请在{provider}完成付款，然后回到本页，系统会自动查询结果。",wait_redirect_go:"去付款",wait_qr:"请用{provider}扫描此二维码。",wait_qr_alt:"支付 {amount} 的二维码",wait_qr_save:"在同一部手机上：保存二维码图片，然后在支付应用中打开。",wait_qr_open:"没有第二部手机：在此打开演示付款页面",wait_cashier:"请扫码付款，然后把下面的编号告诉收银员，由收银员确认到账。",wait_reference:"编号",wait_charged:"已用保存的支付方式付款。",wait_looking:"正在查询付款结果…",wait_check:"我已付款，立即查询",wait_not_yet:"暂未收到付款，系统会继续查询。",wait_until:"此付款在 {time} 前有效。",wait_elsewhere:"此付款在另一个窗口中发起，到账后本页会显示。",wait_not_here:"此付款在另一个浏览器中发起。请回到那里查看，或打开您的电表页面：已付款项会自动入账。",wait_cancelled:"您在微信中取消了付款，可以重试。",closed_title:"未付款",closed_lead:"此付款已关闭，没有扣款。如果银行显示已扣款，系统会自动找到并入账。",pay_again:"重新付款",paid_title:"已付款 {amount}",see_receipt:"查看收据",to_overview:"返回总览",receipt:"收据",receipt_number:"收据号",receipt_at:"付款时间",receipt_via:"支付方式",receipt_reference:"交易号",print:"打印",via_cash_desk:"收银台",daily_use:"每日用电",daily_chart:"{from} 至 {to} 每日用电。最高：{most_day} {most}。平均：{average}。",day:"日期",energy:"电量",cost:"费用",as_table:"查看表格",average:"平均",most:"最高",top_ups:"充值记录",no_top_ups:"还没有充值记录。",no_days:"还没有用电记录。",statements:"账单",statements_locked:"查看账单和设备需要进一步验证：请向物业索取个人链接，或用微信登录。",no_statements:"还没有账单。",statement:"账单 {number}",statement_span:"{from} 至 {until}",opening:"期初余额",closing:"期末余额",line_opening:"期初余额",line_top_up:"充值",line_adjustment:"调整",line_charge:"电费",line_standing:"基本费",line_service:"服务费",line_minimum:"最低消费",line_demand:"需量费",line_allocation:"公摊费用",line_tax:"税费",line_correction:"更正",line_debt:"欠款",line_debt_recovery:"归还欠款",line_refund:"退款",line_reversal:"冲正",line_deposit:"押金",line_carry_over:"转账",line_rounding:"尾差",late:"属于以前的时间",given_back:"退回",alarm_threshold:"余额低于此数时提醒我",alarm_threshold_hint:"留空：只接收统一的提醒。",devices:"我的设备",this_device:"本设备",device_name:"本设备名称",device_name_missing:"请为本设备取一个名称。",device_add:"记住本设备",device_remove:"移除 {name}",device_removed:"已移除 {name}。",device_added:"已记住本设备。",auto_top_up:"自动充值",auto_top_up_lead:"请先自行充值一次并保存支付方式，之后即可自动充值。",auto_enabled:"开启自动充值",auto_threshold:"余额低于",auto_amount:"每次充值",sign_out:"退出",signed_out_now:"您已退出。"};var pt={en:Ie,"zh-Hans":ot,ms:rt},Be={en:"English","zh-Hans":"中文",ms:"Bahasa Melayu"};function He(n){let e=pt[n];return(t,a={})=>e[t].replace(/\{(\w+)\}/g,(i,s)=>{var r;return String((r=a[s])!=null?r:i)})}function lt(n){for(let e of n){let t=e.toLowerCase().split("-")[0];if(t==="zh")return"zh-Hans";if(t==="ms")return"ms";if(t==="en")return"en"}return"en"}function W(n){return n!==null&&n in pt}function A(n,e,t){let a=`${e}_${t.replace(/ /g,"_")}`;return a in Ie?n(a):t}var dt="cp-order",ct="cp-language",ht="cp-meter",De="cp-wechat";function re(){var n;try{return JSON.parse((n=Z(()=>sessionStorage,dt))!=null?n:"null")}catch{return null}}function B(n){oe(()=>sessionStorage,dt,n&&JSON.stringify(n))}function je(){let n=Z(()=>localStorage,ct);return W(n)?n:null}function ut(n){oe(()=>localStorage,ct,n)}function mt(){var n;return(n=Z(()=>sessionStorage,ht))!=null?n:""}function S(n){oe(()=>sessionStorage,ht,n)}function gt(){return Z(()=>sessionStorage,De)!==null?!1:(oe(()=>sessionStorage,De,"yes"),Z(()=>sessionStorage,De)!==null)}function yt(){return[...crypto.getRandomValues(new Uint8Array(16))].map(e=>e.toString(16).padStart(2,"0")).join("")}function Z(n,e){try{return n().getItem(e)}catch{return null}}function oe(n,e,t){try{t===null?n().removeItem(e):n().setItem(e,t)}catch{}}function Q(n){let[e="",t=""]=n.replace(/^#\/?/,"").split("/");return{name:e,id:Fe(t)}}function We(n,e=""){return`/#/${n}${e&&`/${encodeURIComponent(e)}`}`}function _t(n){let[e="",t=""]=n.pathname.split("/").slice(1),a=n.hash.startsWith("#/")?"":n.hash.slice(1);return e==="m"&&t?{kind:"meter",reference:Fe(t),tag:a}:e==="l"&&a?{kind:"link",token:a}:e==="pay"&&t?{kind:"returned",order:Fe(t)}:{kind:"plain"}}function Fe(n){try{return decodeURIComponent(n)}catch{return n}}function P(n){return o`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${n}</svg>`}var q=P(v`<path d="M13 2 5 13.5h6L10 22l9-12h-6.5z"/>`),ft=P(v`<path d="M4 11 12 4l8 7M6 9.5V20h12V9.5M10 20v-6h4v6"/>`),vt=P(v`<circle cx="12" cy="12" r="9"/><path d="M12 8v8M8 12h8"/>`),$t=P(v`<path d="M5 20v-7M10 20V6M15 20v-9M20 20V9"/>`),wt=P(v`<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`),pe=P(v`<path d="m5 12.5 5 5L19.5 7"/>`),bt=P(v`<path d="M12 3.5 2.5 20h19zM12 10v4.5M12 17.4v.1"/>`),kt=P(v`<path d="M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 21h4"/>`),le=P(v`<path d="m9 5 7 7-7 7"/>`),Tt=P(v`<path d="M20 12H5M11 5l-7 7 7 7"/>`),de=P(v`<path d="M12 3v9M7 6a8 8 0 1 0 10 0"/>`);function xt(n,e,t){var s;let{say:a,session:i}=n;return o`
<a class="skip" href="#content" @click=${Vt}>${a("skip")}</a>
<header class="top">
<p class="site">${(s=i==null?void 0:i.site.name)!=null?s:""}</p>
${Yt(n)}
</header>
${i!=null&&i.site.sandbox?o`<p class="sandbox">${a("sandbox")}</p>`:d}
${n.offline?o`<p class="note bad" role="status">${a("offline")}</p>`:d}
${n.expiring?o`<p class="note expiring">
<span>${a("expiring")}</span>
<button type="button" class="quiet" @click=${()=>{n.stay()}}>${a("stay")}</button>
</p>`:d}
<main id="content" tabindex="-1">${n.noteView()}${e?e.view():Gt(n)}</main>
${n.level>=1?Jt(n):d}
<p class="unseen" role="status" aria-live="polite">${t}</p>
`}function Gt(n){return o`<h1 id="title" tabindex="-1" class="unseen">${n.say("loading")}</h1>
<p class="loading" aria-hidden="true">${n.say("loading")}</p>`}function Vt(n){var e;n.preventDefault(),(e=document.getElementById("content"))==null||e.focus()}function Yt(n){var t,a;let e=(a=(t=n.session)==null?void 0:t.languages.filter(W))!=null?a:Object.keys(Be);return o`<label class="language">
<span class="unseen">${n.say("language")}</span>
<select @change=${i=>{n.choose(i.target.value)}}>
${e.map(i=>o`<option value=${i} lang=${i} ?selected=${i===n.language}>${Be[i]}</option>`)}
</select>
</label>`}function Jt(n){let{say:e}=n,t=[{name:"",icon:ft,label:e("home")},{name:"top-up",icon:vt,label:e("top_up")},{name:"history",icon:$t,label:e("history")},{name:"settings",icon:wt,label:e("settings")}];return o`<nav class="places" aria-label=${e("navigation")}>
${t.map(({name:a,icon:i,label:s})=>o`<a href=${`#/${a}`} aria-current=${n.route.name===a?"page":d}>${i}<span>${s}</span></a>`)}
</nav>`}function _(n){return o`<h1 id="title" tabindex="-1">${n}</h1>`}function T(n,e="",t=n.say("back")){return o`<p class="back"><a href=${`#/${e}`}>${Tt}<span>${t}</span></a></p>`}function qe(n){return`/wechat/oauth/start?back=${encodeURIComponent(`/#/${n}`)}`}function ce(n,e,t){var i;let a=(i=n.session)==null?void 0:i.wechat;return a!=null&&a.inside&&a.oauth?o`<a class=${t} href=${qe(e)}>${n.say("wechat_login")}</a>`:d}function R(n){var t,a,i,s;let e=[n.hint&&`${n.id}-hint`,n.error&&`${n.id}-error`].filter(Boolean).join(" ");return o`<div class="field">
<label for=${n.id}>${n.label}</label>
<div class="input">
${n.prefix?o`<span class="prefix" aria-hidden="true">${n.prefix}</span>`:d}
<input
id=${n.id}
name=${n.id}
type=${(t=n.type)!=null?t:"text"}
inputmode=${(a=n.inputmode)!=null?a:"text"}
autocomplete=${(i=n.autocomplete)!=null?i:"off"}
autocapitalize="off"
spellcheck="false"
maxlength=${(s=n.maxlength)!=null?s:64}
aria-invalid=${n.error?"true":"false"}
aria-describedby=${e||d}
.value=${n.value}
@input=${r=>n.changed(r.target.value)}
/>
</div>
${n.hint?o`<p class="hint" id=${`${n.id}-hint`}>${n.hint}</p>`:d}
${H(`${n.id}-error`,n.error)}
</div>`}function H(n,e){return o`<p class="error" id=${n} role="alert" ?hidden=${!e}>${e!=null?e:""}</p>`}function C(n,{busy:e=!1,kind:t="submit",click:a}={}){return o`<button type=${t} class="primary" ?disabled=${e} aria-busy=${e} @click=${a!=null?a:d}>${n}</button>`}function b(n){requestAnimationFrame(()=>{var e;return(e=document.getElementById(n))==null?void 0:e.focus()})}function f(n){return o`<p class="loading" role="status">${n.say("loading")}</p>`}function k(n,e,t){return o`<div class="note bad" role="alert">
<span>${e}</span>
<button type="button" class="quiet" @click=${t}>${n.say("try_again")}</button>
</div>`}function x(n){return e=>{e.preventDefault(),n()}}var he=class{constructor(e,t){p(this,"app",e);p(this,"question",t);p(this,"a",!1);p(this,"e","")}title(){return this.app.say(this.question.title)}lead(){return""}view(){return o`<div class="narrow">
${T(this.app)} ${_(this.title())}
<p class="lead">${this.lead()}</p>
<form @submit=${x(()=>{this.Ye()})}>
${H("confirm-error",this.e)} ${C(this.app.say(this.question.yes),{busy:this.a})}
<a class="secondary" href="#/">${this.app.say("cancel")}</a>
</form>
</div>`}async Ye(){let{app:e}=this;this.a=!0,e.changed();try{if(await e.guarded(()=>e.api.post(this.question.path))===null)return;e.note=e.say(this.question.done),e.announce(e.note),e.go("","",{replace:!0})}catch(t){this.a=!1,this.e=e.worded(y(t)),e.changed()}}},ue=class extends he{constructor(e){super(e,{title:"reconnect_title",yes:"reconnect_sure",done:"reconnect_asked",path:"/api/reconnect"})}lead(){return this.app.say("reconnect_lead")}},me=class extends he{constructor(e){super(e,{title:"emergency_title",yes:"emergency_go",done:"emergency_taken",path:"/api/emergency"})}lead(){var t,a,i;let{app:e}=this;return e.say("emergency_lead",{amount:e.format.money((i=(a=(t=e.overview)==null?void 0:t.can.emergency)==null?void 0:a.offered)!=null?i:"0")})}};var At="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",ee=At.length;function Pt(n){let e=n.normalize("NFKC").replace(/\s/g,"").replace(/[‐‑–—−]/g,"-");return e.length<2||e[e.length-2]==="-"?e:`${e.slice(0,-1)}-${e.slice(-1)}`}function Rt(n){let e=[...n.toUpperCase()].map(i=>At.indexOf(i)).filter(i=>i>=0);if(e.length<2)return!1;let t=e[e.length-1],a=ee;for(let i of e.slice(0,-1))a=((a+i)%ee||ee)*2%(ee+1);return(a+t)%ee===1}var zt="33B0250100001-S",U=class{constructor(e){p(this,"app",e);p(this,"X");p(this,"e","");p(this,"a",!1);this.X=e.lastMeter}title(){return this.app.say("find_title")}view(){let{say:e}=this.app;return o`<div class="narrow opening">
${_(this.title())}
<p class="lead">${e("find_lead")}</p>
<form novalidate @submit=${x(()=>{this.Je()})}>
${R({id:"meter",label:e("meter_number"),hint:e("meter_number_hint",{example:zt}),error:this.e,value:this.X,changed:t=>this.X=t})}
${C(e(this.a?"paying":"continue"),{busy:this.a})}
</form>
</div>`}async Je(){let{app:e}=this,t=Pt(this.X);if(this.e=t?Rt(t)?"":e.say("number_wrong"):e.say("number_missing"),this.e)return this.E();this.a=!0,e.changed();try{S(t),e.enter(await e.api.post("/api/find",{meter:t})),e.note="",e.go("","",{replace:!0})}catch(a){let i=y(a);this.a=!1,this.e=i.status===404?e.say("number_unknown"):e.worded(i),this.E()}}E(){this.app.changed(),b("meter")}};var ge=10,te=100,Xt=.8,Zt=1;function St(n,e){let{say:t,format:a}=n,i=e.map(({kwh:h})=>Number(h)),s=e[i.indexOf(Math.max(...i))],r=Math.max(Number(s.kwh),Zt),l=i.reduce((h,w)=>h+w,0)/e.length,c=e[0],g=e[e.length-1],m=te-l/r*te,u=t("daily_chart",{from:a.shortDay(c.day),to:a.shortDay(g.day),most:a.energy(s.kwh),most_day:a.shortDay(s.day),average:a.energy(String(l))});return o`<figure class="chart">
<svg viewBox=${`0 0 ${e.length*ge} ${te}`} preserveAspectRatio="none" role="img" aria-label=${u}>
${e.map((h,w)=>{let O=Math.max(i[w]/r*te,Xt);return v`<rect x=${w*ge+1.5} y=${te-O} width=${ge-3} height=${O}
class=${h===s?"most":""}></rect>`})}
<line x1="0" x2=${e.length*ge} y1=${m} y2=${m} vector-effect="non-scaling-stroke"></line>
</svg>
<div class="axis" aria-hidden="true"><span>${a.shortDay(c.day)}</span><span>${a.shortDay(g.day)}</span></div>
<figcaption>
<span>${t("average")} <strong>${a.energy(String(l))}</strong></span>
<span>${t("most")} <strong>${a.energy(s.kwh)}</strong> ${a.shortDay(s.day)}</span>
</figcaption>
</figure>`}var Qt=31,ye=class{constructor(e){p(this,"app",e);p(this,"de",null);p(this,"e","")}title(){return this.app.say("history")}entered(){this.n()}async n(){this.e="";try{this.de=await this.app.guarded(()=>this.app.api.get(`/api/history?days=${Qt}`))}catch(e){this.e=this.app.worded(y(e))}this.app.changed()}view(){let{app:e}=this;return o`<div class="narrow">
${_(this.title())}
${this.e?k(e,this.e,()=>{this.n()}):this.de?this.o(this.de):f(e)}
<p><a class="secondary" href="#/statements">${e.say("statements")} ${le}</a></p>
</div>`}o({days:e,top_ups:t}){let{say:a}=this.app;return o`<section>
<h2>${a("daily_use")}</h2>
${e.length?o`${St(this.app,e)}${this.ze(e)}`:o`<p>${a("no_days")}</p>`}
</section>
<section>
<h2>${a("top_ups")}</h2>
${t.length?this.Xe(t):o`<p>${a("no_top_ups")}</p>`}
</section>`}ze(e){let{say:t,format:a}=this.app;return o`<details>
<summary>${t("as_table")}</summary>
<table>
<caption class="unseen">${t("daily_use")}</caption>
<thead>
<tr><th scope="col">${t("day")}</th><th scope="col">${t("energy")}</th><th scope="col">${t("cost")}</th></tr>
</thead>
<tbody>
${[...e].reverse().map(i=>o`<tr>
<th scope="row">${a.day(i.day)}</th>
<td>${a.energy(i.kwh)}</td>
<td>${a.money(i.cost)}</td>
</tr>`)}
</tbody>
</table>
</details>`}Xe(e){let{app:t}=this,{say:a,format:i}=t;return o`<ul class="plain-list rows">
${e.map(s=>o`<li>
<span>
${i.day(s.at)}, ${i.time(s.at)}
<span class="also">${A(a,"via",s.via)}${s.receipt?` · ${s.receipt}`:""}</span>
</span>
<span class="right">
<strong>${i.money(s.amount)}</strong>
${t.level>=2&&s.reference?o`<a
class="link"
href=${`#/receipt/${encodeURIComponent(s.reference)}`}
aria-label=${`${a("receipt")} ${i.moment(s.at)}`}
>
${a("receipt")}
</a>`:d}
</span>
</li>`)}
</ul>`}};var ea=/^\d{6,12}$/,_e=class{constructor(e){p(this,"app",e);p(this,"W","");p(this,"e","");p(this,"a",!1);p(this,"Z",null)}title(){var e,t;return(t=(e=this.Z)==null?void 0:e.title())!=null?t:this.app.say("shop_found")}view(){var a;if(this.Z)return this.Z.view();let{say:e,session:t}=this.app;return o`<div class="narrow">
<section class="hero plain">
${_(this.title())}
<p class="shop"><bdi>${(a=t==null?void 0:t.meter)==null?void 0:a.shop}</bdi></p>
<p class="quiet-line">${q}<span>${this.app.meterName()}</span></p>
<p class="quiet-line small">${e("shop_masked")}</p>
<a class="primary" href="#/top-up">${e("top_up")}</a>
</section>
<section>
<h2>${e("see_balance")}</h2>
<p>${e("see_balance_lead")}</p>
<form novalidate @submit=${x(()=>{this.Ze()})}>
${R({id:"pin",label:e("pin"),hint:e("pin_hint"),error:this.e,value:this.W,type:"password",inputmode:"numeric",maxlength:12,changed:i=>this.W=i})}
<button type="submit" class="secondary" ?disabled=${this.a}>${e("open_balance")}</button>
</form>
<p><button type="button" class="link" @click=${()=>this.v()}>${e("other_meter")}</button></p>
</section>
</div>`}v(){S(""),this.Z=new U(this.app),this.app.changed(),b("title")}async Ze(){var t,a,i;let{app:e}=this;if(!ea.test(this.W))return this.E(e.say("pin_missing"));this.a=!0,e.changed();try{let s=(i=(a=(t=e.session)==null?void 0:t.meter)==null?void 0:a.reference)!=null?i:"";e.enter(await e.api.post("/api/access",{meter:s,pin:this.W})),e.go("","",{replace:!0})}catch(s){let r=y(s);this.W="",this.E(r.status===403?e.say("pin_wrong"):e.worded(r))}}E(e){this.a=!1,this.e=e,this.app.changed(),b("pin")}};var fe=class{constructor(e){p(this,"app",e);p(this,"Q",null);p(this,"ce",new Set);var t,a;this.Q=(a=(t=e.overview)==null?void 0:t.supply.on)!=null?a:null}title(){return this.app.say("home")}entered(){this.app.overview&&this.app.live.refresh()}heard(){var t,a;let e=(a=(t=this.app.overview)==null?void 0:t.supply.on)!=null?a:null;e!==null&&this.Q!==null&&e!==this.Q&&this.app.announce(this.app.say(e?"power_is_on":"power_is_off")),this.Q=e}view(){let e=this.app.overview;return e?o`<h1 id="title" tabindex="-1" class="unseen">${this.title()}</h1>
<div class="columns">
<div>${this.Qe(e)}</div>
<div>
${this.et(e)} ${this.tt(e)} ${this.it(e)} ${this.nt(e)} ${this.st(e)}
${this.rt(e)}
</div>
</div>`:o`<h1 id="title" tabindex="-1" class="unseen">${this.title()}</h1>${f(this.app)}`}Qe(e){let{say:t,format:a}=this.app,i=e.supply.on?e.low||e.supply.state!=="in_credit"?"low":"good":"off",{sign:s,symbol:r,number:l}=a.moneyParts(e.balance);return o`<section class=${`hero ${i}`} aria-labelledby="balance">
<p class="who"><bdi>${e.name}</bdi><span>${this.app.meterName()}</span></p>
<h2 id="balance">${t("balance")}</h2>
<p class=${`amount${l.length>9?" long":""}`}>${s}<span class="symbol">${r}</span>${l}</p>
${this.ot(e)}
${Number(e.available_credit)<=Number(e.balance)?d:o`<p class="quiet-line">${t("credit_usable",{amount:a.money(e.available_credit)})}</p>`}
${this.pt(e)}
<a class="primary" href="#/top-up">${t("top_up")}</a>
</section>`}ot({days_left:e,empty_at:t,supply:a}){if(e===null||!a.on)return d;let{say:i,format:s}=this.app,r=Math.floor(e),l=r>=2?i("days_left",{days:r}):i(r===1?"day_left":"hours_left");return o`<p class="lasts">${l}${t?o` <span>${i("lasts_until",{day:s.day(t)})}</span>`:d}</p>`}pt({supply:e}){let{say:t,format:a}=this.app,i=e.on?t("power_is_on"):t("power_is_off"),s=e.on&&e.state!=="in_credit"?A(t,"supply",e.state):"";return o`<div class="supply">
<p class="supply-state">${e.on?q:de}<strong>${i}</strong>${s&&o`<span> · ${s}</span>`}</p>
${e.reason?o`<p>${e.reason}</p>`:d} ${e.what_to_do?o`<p>${e.what_to_do}</p>`:d}
${e.until?o`<p>${t("until",{time:a.moment(e.until)})}</p>`:d}
</div>`}et({can:e,low:t,supply:a}){let{say:i,format:s}=this.app,r=e.emergency,l=t||!a.on||a.state!=="in_credit",c=r&&l&&Number(r.offered)>0&&Number(r.in_use)===0,g=r&&Number(r.in_use)>0;return!e.confirm_reconnect&&!c&&!g?d:o`<section class="todo">
${e.confirm_reconnect?o`<h2>${i("reconnect_offered")}</h2>
<a class="secondary" href="#/reconnect">${i("reconnect_go")}</a>`:d}
${c?o`<h2>${i("emergency_offered",{amount:s.money(r.offered)})}</h2>
<a class="secondary" href="#/emergency">${i("emergency_go")}</a>`:d}
${g?o`<p>${i("emergency_in_use",{amount:s.money(r.in_use)})}</p>`:d}
</section>`}tt(e){let{say:t,format:a}=this.app,i=r=>r?o`<span class="period">${A(t,"period",r)}</span>`:d,s=e.next_price;return o`<section aria-label=${t("today")}>
<dl class="figures">
<div class="wide">
<dt>${t("power_now")} ${this.lt()}</dt>
<dd class="power">
${e.power_w===null?o`<span class="missing">${t("power_unknown")}</span>`:a.power(e.power_w)}
</dd>
</div>
<div>
<dt>${t("today")}</dt>
<dd>${e.cost_today===null?"–":a.money(e.cost_today)}</dd>
${e.energy_today_kwh===null?d:o`<dd class="also">${a.energy(e.energy_today_kwh)}</dd>`}
${e.cost_usual_today===null?d:o`<dd class="also">${t("usual",{amount:a.money(e.cost_usual_today)})}</dd>`}
</div>
<div>
<dt>${t("this_month")}</dt>
<dd>${e.cost_month===null?"–":a.money(e.cost_month)}</dd>
</div>
<div class="wide">
<dt>${t("price_now")}</dt>
<dd>${t("per_kwh",{price:a.price(e.price)})} ${i(e.period)}</dd>
${s?o`<dd class="also">
${t("price_next",{time:a.time(s.at),price:a.price(s.price)})} ${i(s.period)}
</dd>`:d}
</div>
</dl>
</section>`}lt(){let{app:e}=this;if(!(e.offline||!e.live.streaming))return o`<span class="live"><span class="pulse" aria-hidden="true"></span>${e.say("live")}</span>`;let a=new Intl.DateTimeFormat(e.language,{hour:"2-digit",minute:"2-digit",hourCycle:"h23"}),i=e.overviewAt?a.format(e.overviewAt):"";return o`<span class="live stale">${e.say("updated_at",{time:i})}</span>`}it({warnings:e}){return e.length===0?d:o`<section>
<h2>${this.app.say("warnings")}</h2>
<ul class="plain-list warnings">
${e.map(({text:t})=>o`<li>${bt}<span>${t}</span></li>`)}
</ul>
</section>`}nt({announcements:e}){if(e.length===0)return d;let{say:t,format:a}=this.app;return o`<section>
<h2>${t("announcements")}</h2>
${e.map(i=>o`<article class=${i.read?"announcement":"announcement unread"}>
<h3>${i.read?d:kt}<span>${i.title||t("announcements")}</span></h3>
<p class="body">${i.text}</p>
${i.until?o`<p class="hint">${t("until",{time:a.moment(i.until)})}</p>`:d}
${i.read?o`<p class="done">${pe}<span>${t("announcement_was_read")}</span></p>`:o`<button type="button" class="secondary" ?disabled=${this.ce.has(i.id)} @click=${()=>{this.dt(i)}}>
${t("announcement_read")}
</button>`}
</article>`)}
</section>`}async dt(e){let{app:t}=this;this.ce.add(e.id),t.changed();try{await t.guarded(()=>t.api.post(`/api/announcements/${encodeURIComponent(e.id)}/read`))!==null&&(e.read=!0,t.announce(t.say("announcement_was_read")))}catch(a){t.note=t.worded(y(a))}this.ce.delete(e.id),t.changed()}st({meters:e}){if(e.length<2)return d;let{say:t,format:a}=this.app;return o`<section>
<h2>${t("meters")}</h2>
<ul class="plain-list rows">
${e.map(i=>o`<li>
<span><bdi>${i.name}</bdi><span class="also">${i.reference}</span></span>
<span class="right">
${i.online&&i.power_w!==null?a.power(i.power_w):"–"}
<span class="also">${A(t,"relay",i.relay)}</span>
</span>
</li>`)}
</ul>
</section>`}rt({messages:e}){if(e.length===0)return d;let{say:t,format:a}=this.app;return o`<details>
<summary>${t("messages")} (${e.length})</summary>
<ul class="plain-list rows">
${e.map(i=>o`<li class="message">
<strong>${i.title}</strong><span>${i.text}</span><span class="also">${a.moment(i.at)}</span>
</li>`)}
</ul>
</details>`}};function Nt(n){return new Promise(e=>{let t=()=>{var a;(a=window.WeixinJSBridge)==null||a.invoke("getBrandWCPayRequest",n,({err_msg:i})=>{var r;let s=(r=i.split(":")[1])!=null?r:"";e(s==="ok"||s==="cancel"?s:"fail")})};window.WeixinJSBridge?t():document.addEventListener("WeixinJSBridgeReady",t,{once:!0})})}var ta=600,aa=1500,ia=5e3,na=3*6e4,sa=1e4,ra=6e4,ve=class{constructor(e,t){p(this,"app",e);p(this,"name",t);p(this,"s",null);p(this,"q",null);p(this,"he","");p(this,"ee","");p(this,"K","");p(this,"ue","");p(this,"e","");p(this,"a",!1);p(this,"d",!1);p(this,"me");p(this,"ge",!1);p(this,"i");p(this,"Ee",Date.now());p(this,"ye",0);p(this,"Ie",()=>{this.ct()});this.me=this.c()!==null}title(){var i,s;let{say:e,format:t}=this.app;if(((i=this.s)==null?void 0:i.state)==="closed")return e("closed_title");let a=this.s&&t.money(this.s.amount);return a===null?e("top_up"):e(((s=this.s)==null?void 0:s.state)==="paid"?"paid_title":"wait_title",{amount:a})}entered(){document.addEventListener("visibilitychange",this.Ie),this.Be()}left(){this.d=!0,clearTimeout(this.i),document.removeEventListener("visibilitychange",this.Ie)}async Be(){var t;if(this.e="",await this.r("get"),!this.G||this.d)return;let e=this.c();(e==null?void 0:e.request.key)===this.name&&await this.r("check"),e&&this.G&&await this.ht(e),((t=this.q)==null?void 0:t.kind)==="jsapi"&&this.G&&this.He()}async ht(e){var t;try{let a=((t=this.app.ordered)==null?void 0:t.id)===e.id?this.app.ordered:null,i=a!=null?a:await this.app.guarded(()=>this.app.api.post("/api/orders",e.request));if(!i||this.d)return;this.ue=e.title,this.q=i.checkout,this.he=i.expires_at}catch(a){let i=y(a);i.kind!=="refused"&&(this.K=this.app.worded(i))}this.me=!1,this.app.changed()}c(){var a,i;let e=re();return((e==null?void 0:e.id)===this.name||(e==null?void 0:e.request.key)===this.name)&&(e==null?void 0:e.meter)===((i=(a=this.app.session)==null?void 0:a.meter)==null?void 0:i.reference)?e:null}get G(){return this.s!==null&&this.s.state!=="paid"&&this.s.state!=="closed"}async r(e){var s;let{app:t}=this,a=`/api/orders/${encodeURIComponent(this.name)}`;clearTimeout(this.i),this.ge=!0;let i=0;try{let r=e==="get"?await t.api.get(a):await t.guarded(()=>t.api.post(`${a}/check`));if(!r||this.d)return;this.e=this.K="",this.te(r)}catch(r){let l=y(r);i=((s=l.retryAfterS)!=null?s:0)*1e3;let c=l.status===404||l.status===403;l.kind==="refused"?this.e=c?t.say("wait_not_here"):t.worded(l):this.K=t.worded(l)}this.ge=!1,!this.d&&(t.changed(),this.ut(i))}te(e){var a;let t=this.s;this.s=e,(e.state==="paid"||e.state==="closed")&&(this.ee="",this.c()&&B(null)),e.state==="paid"?(this[a="ye"]||(this[a]=Date.now()),((t==null?void 0:t.state)!=="paid"||t.power!==e.power)&&this.app.announce(`${this.title()}. ${e.note}`)):e.state==="closed"&&(t==null?void 0:t.state)!=="closed"&&this.app.announce(this.app.say("closed_title"))}ut(e){let t=this.s;if(this.i=void 0,this.d||document.hidden||this.e||(t==null?void 0:t.state)==="closed"||(t==null?void 0:t.state)==="paid"&&(t.power==="on"||Date.now()-this.ye>ra))return;let i=(t==null?void 0:t.state)==="paid"&&Date.now()-this.ye<sa?ta:Date.now()-this.Ee<na?aa:ia;this.i=setTimeout(()=>{this.r("get")},Math.max(i,e))}heard(){this.i!==void 0&&!this.ge&&this.r("get")}async ct(){if(document.hidden)return clearTimeout(this.i);this.Ee=Date.now(),await this.r(this.G?"check":"get")}async mt(){this.a=!0,this.app.changed(),await this.r("check"),this.a=!1,this.G&&!this.K&&(this.ee=this.app.say("wait_not_yet")),this.app.changed()}async He(){var t;if(((t=this.q)==null?void 0:t.kind)!=="jsapi")return;let e=await Nt(this.q.parameters);this.d||(this.ee=e==="cancel"?this.app.say("wait_cancelled"):e==="fail"?this.app.say("failed"):"",await this.r("check"))}view(){let{app:e}=this,t=this.s;if(this.e){let a=()=>{this.Be()};return o`<div class="narrow">${T(e)} ${_(this.title())}${k(e,this.e,a)}</div>`}return t?t.state==="paid"?this.gt(t):o`<div class="narrow">
${T(e)} ${_(this.title())} ${t.state==="closed"?this.yt():this._e()}
</div>`:o`<div class="narrow">${_(this.title())}${f(e)}</div>`}_e(){let{say:e,format:t}=this.app;return o`${this.w()}
<p class="looking"><span class="pulse" aria-hidden="true"></span><span>${e("wait_looking")}</span></p>
${[this.K,this.ee].map(a=>a?o`<p class="note" role="status">${a}</p>`:d)}
${this.he?o`<p class="hint">${e("wait_until",{time:t.time(this.he)})}</p>`:d}
<button type="button" class="secondary" ?disabled=${this.a} @click=${()=>{this.mt()}}>${e("wait_check")}</button>`}w(){var i,s,r,l,c;let{say:e,format:t}=this.app,a=this.q;if(!a)return this.me?f(this.app):o`<p class="lead">${e("wait_elsewhere")}</p>`;switch(a.kind){case"jsapi":return o`<p class="lead">${e("wait_jsapi")}</p>
${C(e("wait_jsapi_go"),{kind:"button",click:()=>{this.He()}})}`;case"redirect":return o`<p class="lead">${e("wait_redirect",{provider:this.ue})}</p>
<a class="primary" href=${oa(a.url)} referrerpolicy="origin" rel="noopener">${e("wait_redirect_go")}</a>`;case"qr":return o`<p class="lead">${e("wait_qr",{provider:this.ue})}</p>
${Mt(a.svg,e("wait_qr_alt",{amount:t.money((s=(i=this.s)==null?void 0:i.amount)!=null?s:"0")}))}
<p class="hint">${e("wait_qr_save")}</p>
${(r=this.app.session)!=null&&r.site.sandbox&&Ct(a.text)?o`<p><a class="secondary" href=${a.text} target="_blank" rel="noopener">${e("wait_qr_open")}</a></p>`:d}`;case"cashier":return o`<p class="lead">${e("wait_cashier")}</p>
${a.svg?Mt(a.svg,e("wait_qr_alt",{amount:t.money((c=(l=this.s)==null?void 0:l.amount)!=null?c:"0")})):d}
<dl class="facts">
<div><dt>${e("wait_reference")}</dt><dd class="code big">${a.reference}</dd></div>
</dl>`;case"charged":return o`<p class="lead">${e("wait_charged")}</p>`}}yt(){var t;let{say:e}=this.app;return o`<p class="lead">${e("closed_lead")}</p>
${(t=this.s)!=null&&t.note?o`<p class="hint">${this.s.note}</p>`:d}
<a class="primary" href="#/top-up">${e("pay_again")}</a>`}gt(e){let{say:t,format:a}=this.app,i=e.power==="on",s=i?q:e.power==="off"?de:pe;return o`<div class="narrow">
<section class=${`hero result ${e.power==="off"?"low":"good"}`}>
<span class=${i?"medal lit":"medal"}>${s}</span>
${_(this.title())}
<p class="power-state">${e.power==="coming"?o`<span class="pulse" aria-hidden="true"></span>`:d}${e.note}</p>
${e.paid_at?o`<p class="quiet-line small">${a.moment(e.paid_at)}</p>`:d}
<a class="primary" href="#/">${t(this.app.level>=1?"to_overview":"close")}</a>
</section>
${e.receipt?o`<p><a class="secondary" href=${`#/receipt/${encodeURIComponent(e.receipt)}`}>${t("see_receipt")}</a></p>`:d}
</div>`}};function Mt(n,e){let t=`data:image/svg+xml;charset=utf-8,${encodeURIComponent(n)}`;return o`<p class="qr"><img src=${t} alt=${e} width="240" height="240" /></p>`}function oa(n){return Ct(n)?n:"#/"}function Ct(n){return/^https?:\/\//i.test(n)}function $e(n,e,t){let{say:a,format:i}=n,s=e.filter(r=>{var l,c;return Number(r.amount)>=.5/10**((c=(l=n.session)==null?void 0:l.site.digits)!=null?c:2)});return o`<ul class="plain-list rows steps">
${s.map(r=>o`<li>
<span>${a(`step_${r.kind}`,{name:r.name})}</span><span class="right">${i.money(r.amount)}</span>
</li>`)}
${t===void 0?d:o`<li class="sum"><span>${a("balance_after")}</span><span class="right">${i.money(t)}</span></li>`}
</ul>`}var we=class{constructor(e,t){p(this,"app",e);p(this,"reference",t);p(this,"fe",null);p(this,"e","")}title(){return this.app.say("receipt")}entered(){this.n()}async n(){this.e="";try{this.fe=await this.app.api.get(`/api/receipts/${encodeURIComponent(this.reference)}`)}catch(e){this.e=this.app.worded(y(e))}this.app.changed()}view(){let{app:e}=this;return o`<div class="narrow receipt">
${T(e)} ${_(this.title())}
${this.e?k(e,this.e,()=>{this.n()}):this.fe?this.o(this.fe):f(e)}
</div>`}o(e){var s,r;let{say:t,format:a,session:i}=this.app;return o`<p class="amount">${a.money(e.amount)}</p>
<dl class="facts">
<div><dt>${t("receipt_number")}</dt><dd>${(s=e.receipt)!=null?s:"–"}</dd></div>
<div><dt>${t("receipt_at")}</dt><dd>${a.moment(e.at)}</dd></div>
<div><dt>${t("receipt_via")}</dt><dd>${A(t,"via",e.via)}</dd></div>
<div><dt>${t("receipt_reference")}</dt><dd class="code">${e.reference}</dd></div>
<div><dt>${i==null?void 0:i.site.name}</dt><dd>${this.app.meterName()}</dd></div>
</dl>
${(r=e.steps)!=null&&r.length?o`<h2>${t("where_it_goes")}</h2>${$e(this.app,e.steps)}`:d}
<button type="button" class="secondary no-print" @click=${()=>print()}>${t("print")}</button>`}};var be=class{constructor(e){p(this,"app",e);p(this,"De",!1);p(this,"b","");p(this,"ae",null);p(this,"ve",null);p(this,"je",!1);p(this,"ie","");p(this,"ne","");p(this,"$e","");p(this,"se","");p(this,"t",{})}title(){return this.app.say("settings")}entered(){this.n()}async n(){var t;let{app:e}=this;this.t={};try{let a=await e.guarded(()=>e.api.get("/api/settings"));this.b=(t=a==null?void 0:a.alarm_threshold)!=null?t:"",e.level>=2&&(this.ae=await e.api.get("/api/devices"),this.Fe(await e.api.get("/api/auto_top_up")),this.je=(await e.api.get("/api/terms")).providers.some(i=>i.automatic)),this.De=!0}catch(a){this.t.load=e.worded(y(a))}e.changed()}Fe(e){var t,a;this.ve=e,this.ie=(t=e.threshold)!=null?t:"",this.ne=(a=e.amount)!=null?a:""}view(){let{app:e}=this,{say:t}=e;return o`<div class="narrow">
${_(this.title())}
${this.se?o`<p class="note good" role="status">${this.se}</p>`:d}
${this.t.load?k(e,this.t.load,()=>{this.n()}):this.De?this._t():f(e)}
<section>
<p><button type="button" class="secondary" @click=${()=>{this.ft()}}>${t("sign_out")}</button></p>
</section>
</div>`}_t(){var i;let{app:e}=this,{say:t,format:a}=e;return o`<section>
<form novalidate @submit=${x(()=>{this.vt()})}>
${R({id:"threshold",label:t("alarm_threshold"),hint:t("alarm_threshold_hint"),error:(i=this.t.threshold)!=null?i:"",value:this.b,inputmode:"decimal",prefix:a.symbol().trim(),maxlength:12,changed:s=>this.b=s})}
<button type="submit" class="secondary">${t("save")}</button>
</form>
</section>
${e.level<2?this.we():o`${this.$t()} ${this.wt()}`}`}we(){let{say:e}=this.app;return o`<section>
<h2>${e("devices")}</h2>
<p>${e("statements_locked")}</p>
${ce(this.app,"settings","secondary")}
</section>`}$t(){var s,r;let e=this.ve;if(!e||!(e.available||this.je))return d;let{say:t,format:a}=this.app;if(!e.available)return o`<section><h2>${t("auto_top_up")}</h2><p>${t("auto_top_up_lead")}</p></section>`;let i=a.symbol().trim();return o`<section>
<h2>${t("auto_top_up")}</h2>
<form novalidate @submit=${x(()=>{this.bt()})}>
<label class="tick">
<input
type="checkbox"
.checked=${e.enabled}
@change=${l=>e.enabled=l.target.checked}
/>
<span>${t("auto_enabled")}</span>
</label>
${R({id:"auto-threshold",label:t("auto_threshold"),error:(s=this.t.auto_threshold)!=null?s:"",value:this.ie,inputmode:"decimal",prefix:i,changed:l=>this.ie=l})}
${R({id:"auto-amount",label:t("auto_amount"),error:(r=this.t.auto_amount)!=null?r:"",value:this.ne,inputmode:"decimal",prefix:i,changed:l=>this.ne=l})}
<button type="submit" class="secondary">${t("save")}</button>
</form>
</section>`}wt(){var i,s,r;let{say:e,format:t}=this.app,a=(s=(i=this.ae)==null?void 0:i.devices)!=null?s:[];return o`<section>
<h2>${e("devices")}</h2>
<ul class="plain-list rows">
${a.map(l=>o`<li>
<span>
<bdi>${l.name}</bdi>
<span class="also">${l.current?e("this_device"):t.moment(l.bound_at)}</span>
</span>
<button type="button" class="link" @click=${()=>{this.kt(l.id,l.name)}}>
${e("device_remove",{name:l.name})}
</button>
</li>`)}
</ul>
${a.some(l=>l.current)?d:o`<form novalidate @submit=${x(()=>{this.Tt()})}>
${R({id:"device",label:e("device_name"),error:(r=this.t.device)!=null?r:"",value:this.$e,maxlength:60,changed:l=>this.$e=l})}
<button type="submit" class="secondary">${e("device_add")}</button>
</form>`}
</section>`}async vt(){let{app:e}=this,t=this.b.trim()?this.m(this.b):null;if(this.t={},this.b.trim()&&t===null)return this.x("threshold","threshold");await this.v("threshold","threshold",e.say("saved"),()=>e.api.post("/api/settings",{alarm_threshold:t}))}async bt(){var r,l;let{app:e}=this,t=(l=(r=this.ve)==null?void 0:r.enabled)!=null?l:!1,[a,i]=[this.m(this.ie),this.m(this.ne)];if(this.t={},t&&a===null)return this.x("auto_threshold","auto-threshold");if(t&&i===null)return this.x("auto_amount","auto-amount");let s=t?{enabled:t,threshold:a,amount:i}:{enabled:t};await this.v("auto_amount","auto-amount",e.say("saved"),async()=>{this.Fe(await e.api.post("/api/auto_top_up",s))})}async Tt(){let{app:e}=this,t=this.$e.trim();if(this.t=t?{}:{device:e.say("device_name_missing")},!t)return e.changed(),b("device");await this.v("device","device",e.say("device_added"),async()=>{this.ae=await e.api.post("/api/devices",{name:t})})}async kt(e,t){let{app:a}=this;await this.v("device","title",a.say("device_removed",{name:t}),async()=>{await a.api.post(`/api/devices/${encodeURIComponent(e)}/revoke`),this.ae=await a.api.get("/api/devices")})}m(e){var t,a;return ne(e,(a=(t=this.app.session)==null?void 0:t.site.digits)!=null?a:2)}x(e,t){this.t[e]=this.app.say("amount_wrong",{example:"88.50"}),this.app.changed(),b(t)}async v(e,t,a,i){let{app:s}=this;this.se="";try{if(await s.guarded(i)===null)return;this.se=a,s.announce(a)}catch(r){let l=y(r);this.t[e]=s.worded(l),b(t)}s.changed()}async ft(){try{await this.app.signOut()}catch(e){this.t.load=this.app.worded(y(e)),this.app.changed()}}};var ke=class{constructor(e){p(this,"app",e);p(this,"re",null);p(this,"e","")}title(){return this.app.say("statements")}entered(){this.app.level>=2&&this.n()}async n(){var t,a;let{app:e}=this;this.e="";try{this.re=(a=(t=await e.guarded(()=>e.api.get("/api/statements")))==null?void 0:t.statements)!=null?a:null}catch(i){this.e=e.worded(y(i))}e.changed()}view(){let{app:e}=this;return o`<div class="narrow">
${T(e,"history")} ${_(this.title())}
${e.level<2?this.we():this.e?k(e,this.e,()=>{this.n()}):this.xt()}
</div>`}we(){return o`<p class="lead">${this.app.say("statements_locked")}</p>
${ce(this.app,"statements","primary")}`}xt(){let{say:e,format:t}=this.app;return this.re===null?f(this.app):this.re.length===0?o`<p>${e("no_statements")}</p>`:o`<ul class="plain-list rows">
${this.re.map(a=>o`<li>
<a class="row-link" href=${`#/statement/${encodeURIComponent(a.number)}`}>
<span>
${e("statement",{number:a.number})}
<span class="also">${e("statement_span",{from:t.shortDay(a.since),until:t.shortDay(a.until)})}</span>
</span>
${le}
</a>
</li>`)}
</ul>`}},Te=class{constructor(e,t){p(this,"app",e);p(this,"number",t);p(this,"be",null);p(this,"e","")}title(){return this.app.say("statement",{number:this.number})}entered(){this.n()}async n(){let{app:e}=this;this.e="";try{this.be=await e.guarded(()=>e.api.get(`/api/statements/${encodeURIComponent(this.number)}`))}catch(t){this.e=e.worded(y(t))}e.changed()}view(){let{app:e}=this;return o`<div class="narrow receipt">
${T(e,"statements")} ${_(this.title())}
${this.e?k(e,this.e,()=>{this.n()}):this.be?this.o(this.be):f(e)}
</div>`}At(e){let t=A(this.app.say,"line",e.kind);return e.kind==="tax"?e.item?`${t} ${Number(e.item)/1e4} %`:t:e.kind==="demand"?e.demand?`${t} · ${e.demand.name}`:t:e.item||t}Pt(e){var s;let{say:t,format:a}=this.app,i=e.energy_wh===void 0?[a.day(e.at)]:[a.energy(String(e.energy_wh/1e3))];return e.period&&i.push(A(t,"period",e.period)),(s=e.allocation)!=null&&s.reversed&&i.push(t("given_back")),e.late&&i.push(t("late")),i.join(" · ")}ke(e){return`/api/statements/${encodeURIComponent(this.number)}.${e}?lang=${this.app.language}`}o(e){let{say:t,format:a}=this.app,i=Object.values(e.funds).filter(s=>s.lines.length>0||Number(s.closing_shown)!==0);return o`<p class="lead">${t("statement_span",{from:a.day(e.since),until:a.day(e.until)})}</p>
${i.map(s=>o`<ul class="plain-list rows steps">
<li class="sum"><span>${t("opening")}</span><span class="right">${a.money(s.opening_shown)}</span></li>
${s.lines.map(r=>o`<li>
<span>
${this.At(r)}
<span class="also">${this.Pt(r)}</span>
</span>
<span class="right">${a.money(r.shown)}</span>
</li>`)}
<li class="sum"><span>${t("closing")}</span><span class="right">${a.money(s.closing_shown)}</span></li>
</ul>`)}
<p class="files no-print">
<a class="secondary" href=${this.ke("html")} target="_blank" rel="noopener">${t("print")}</a>
<a class="secondary" href=${this.ke("pdf")} download>PDF</a>
<a class="secondary" href=${this.ke("csv")} download>CSV</a>
</p>`}};function Ot(n,{bridge:e,touch:t}){return n.providers.flatMap(a=>{let i=a.methods.filter(c=>c!=="automatic"&&(e||c!=="jsapi")),r=[...e?["jsapi"]:[],t?"redirect":"qr",t?"qr":"redirect"].find(c=>i.includes(c));return(a.methods.includes("jsapi")&&r?[r]:i).map(c=>({provider:a,method:c}))})}var N="other",pa=400,xe=class{constructor(e){p(this,"app",e);p(this,"Y",null);p(this,"g",[]);p(this,"l","");p(this,"m","");p(this,"w",0);p(this,"Te",!1);p(this,"xe",!1);p(this,"oe",null);p(this,"We","");p(this,"i");p(this,"a",!1);p(this,"t",{})}title(){return this.app.say("top_up")}entered(){this.n()}left(){clearTimeout(this.i)}async n(){var a;let{app:e}=this;this.t={};try{this.Y=await e.api.get("/api/terms");let i=(a=e.session)==null?void 0:a.wechat,s=i!==void 0&&i.inside&&i.known;if(i!=null&&i.inside&&i.oauth&&!s&&gt())return location.replace(qe("top-up"));this.g=Ot(this.Y,{bridge:s,touch:matchMedia("(pointer: coarse)").matches})}catch(i){this.t.load=e.worded(y(i))}e.changed();let t=this.c();e.isFirstPage&&(t==null?void 0:t.id)===null&&await this.qe(t.request,t.title)}view(){let{app:e}=this;return o`<div class="narrow">
${T(e)} ${_(this.title())} ${this._e()}
${this.t.load?k(e,this.t.load,()=>{this.n()}):this.Y?this.Rt(this.Y):f(e)}
</div>`}c(){var t,a;let e=re();return(e==null?void 0:e.meter)===((a=(t=this.app.session)==null?void 0:t.meter)==null?void 0:a.reference)?e:null}_e(){let e=this.c();if(!(e!=null&&e.id))return d;let{say:t,format:a}=this.app;return o`<p class="note">
<span>${t("pending_order",{amount:a.money(e.request.amount)})}</span>
<a class="quiet" href=${`#/pay/${encodeURIComponent(e.id)}`}>${t("pending_go")}</a>
</p>`}Rt(e){let{app:t}=this,{say:a,format:i}=t;if(this.g.length===0)return o`<p class="lead">${a("no_provider")}</p>`;let s=this.J(),r=s?a("pay",{amount:i.money(s)}):a("continue");return o`<form novalidate @submit=${x(()=>{this.St()})}>
${this.Nt(e)} ${this.Mt()} ${this.Ct()} ${this.Ot()} ${this.Lt()}
${H("form-error",this.t.form)}
<div class="act">
${C(this.a?a("paying"):r,{busy:this.a})}
</div>
</form>`}Nt(e){var m,u;let{say:t,format:a,session:i}=this.app,s=a.money(e.minimum),r=e.maximum===null?null:a.money(e.maximum),l=h=>{this.l=h,this.Ue(0)},c=h=>{h.detail>0&&b("own-amount")},g=[...e.amounts,N];return o`<fieldset aria-describedby="amount-error">
<legend>${t("amount")}</legend>
<div class="choices">
${g.map(h=>o`<label class=${h===N?"choice other":"choice"}>
<input
type="radio"
name="amount"
value=${h}
.checked=${this.l===h}
@change=${()=>l(h)}
@click=${h===N?c:d}
/>
<span>${h===N?t("other_amount"):a.money(h,Number.isInteger(Number(h))?0:void 0)}</span>
</label>`)}
</div>
${this.l===N?d:H("amount-error",this.t.amount)}
</fieldset>
${this.l===N?R({id:"own-amount",label:t("own_amount",{currency:(m=i==null?void 0:i.site.currency)!=null?m:""}),hint:r===null?t("amount_from",{minimum:s}):t("amount_between",{minimum:s,maximum:r}),error:(u=this.t.amount)!=null?u:"",value:this.m,inputmode:"decimal",prefix:a.symbol().trim(),maxlength:12,changed:h=>{this.m=h,this.Ue(pa)}}):d}`}Mt(){let{say:e}=this.app;if(this.g.length===1){let{provider:t,method:a}=this.g[0];return o`<p class="only-way">
${e("pay_with")} <strong>${t.title}</strong> <span>${e(`by_${a}`)}</span>
</p>`}return o`<fieldset>
<legend>${e("pay_with")}</legend>
<div class="ways">
${this.g.map(({provider:t,method:a},i)=>o`<label class="choice way">
<input
type="radio"
name="way"
value=${i}
.checked=${this.w===i}
@change=${()=>{this.w=i,this.app.changed()}}
/>
<span><strong>${t.title}</strong><span class="also">${e(`by_${a}`)}</span></span>
</label>`)}
</div>
</fieldset>`}Ct(){let{app:e}=this;if(!this.oe||this.oe.amount===""||this.We!==this.J())return d;let{steps:t,after:a,reconnects:i}=this.oe,s=e.overview!==null&&!e.overview.supply.on;return o`<section class="where" aria-labelledby="where">
<h2 id="where">${e.say("where_it_goes")}</h2>
${$e(e,t,a)}
${s?o`<p class="hint">${e.say(i?"will_reconnect":"will_not_reconnect")}</p>`:d}
</section>`}Ot(){var t,a;let{app:e}=this;return e.level!==0?d:o`<div class="field confirm-shop">
<p class="shop"><bdi>${(a=(t=e.session)==null?void 0:t.meter)==null?void 0:a.shop}</bdi><span class="also">${e.meterName()}</span></p>
<label class="tick">
<input
type="checkbox"
id="sure"
.checked=${this.Te}
aria-describedby="sure-error"
aria-invalid=${this.t.shop?"true":"false"}
@change=${i=>this.Te=i.target.checked}
/>
<span>${e.say("shop_confirm")}</span>
</label>
${H("sure-error",this.t.shop)}
</div>`}Lt(){var e;return this.app.level<2||!((e=this.g[this.w])!=null&&e.provider.automatic)?d:o`<label class="tick">
<input
type="checkbox"
.checked=${this.xe}
@change=${t=>this.xe=t.target.checked}
/>
<span>${this.app.say("keep_means")}</span>
</label>`}J(){var e,t;return this.l===N?ne(this.m,(t=(e=this.app.session)==null?void 0:e.site.digits)!=null?t:2):this.l||null}Ue(e){delete this.t.amount,clearTimeout(this.i),this.i=setTimeout(()=>{this.Et()},e),this.app.changed()}async Et(){let e=this.J();if(!(e===null||this.app.level<1||this.x(e))){try{let t=await this.app.guarded(()=>this.app.api.post("/api/preview",{amount:e}));if(e!==this.J())return;this.oe=t,this.We=e}catch(t){let a=y(t);a.status===400&&(this.t.amount=this.app.worded(a))}this.app.changed()}}x(e){let{say:t,format:a}=this.app,i=this.Y;return e===null?this.l===N?t("amount_wrong",{example:"88.50"}):t("amount_missing"):i&&Number(e)<Number(i.minimum)?t("amount_low",{minimum:a.money(i.minimum)}):i!=null&&i.maximum&&Number(e)>Number(i.maximum)?t("amount_high",{maximum:a.money(i.maximum)}):""}async St(){let{app:e}=this;if(this.a)return;let t=this.J();if(this.t={amount:this.x(t)},e.level===0&&!this.Te&&(this.t.shop=e.say("shop_confirm_missing")),this.t.amount||this.t.shop||t===null){e.changed();let r=document.querySelector("input[name=amount]:checked, input[name=amount]");this.t.amount?this.l===N?b("own-amount"):r==null||r.focus():b("sure");return}let{provider:a,method:i}=this.g[this.w],s={amount:t,provider:a.key,method:i,...this.xe?{keep_means:!0}:{}};await this.qe({key:this.It(s),...s},a.title)}It(e){let t=this.c();return(t==null?void 0:t.id)===null&&["amount","provider","method","keep_means"].every(i=>t.request[i]===e[i])?t.request.key:yt()}async qe(e,t){var s,r,l;let{app:a}=this,i=(l=(r=(s=a.session)==null?void 0:s.meter)==null?void 0:r.reference)!=null?l:"";this.a=!0,B({request:e,title:t,meter:i,id:null}),a.changed();try{let c=await a.guarded(()=>a.api.post("/api/orders",e));if(c===null)return B(null);B({request:e,title:t,meter:i,id:c.id}),a.ordered=c,a.go("pay",c.id,{replace:!0})}catch(c){this.Bt(y(c))}}Bt(e){this.a=!1;let t=this.app.worded(e);e.kind==="refused"&&B(null),e.status===400?this.t={amount:t}:this.t={form:t},this.app.changed()}};var la={"top-up":{level:0,page:n=>new xe(n)},pay:{level:-1,page:(n,e)=>new ve(n,e)},receipt:{level:-1,page:(n,e)=>new we(n,e)},history:{level:1,page:n=>new ye(n)},statements:{level:1,page:n=>new ke(n)},statement:{level:2,page:(n,e)=>new Te(n,e)},settings:{level:1,page:n=>new be(n)},reconnect:{level:1,page:n=>new ue(n)},emergency:{level:1,page:n=>new me(n)}};function Lt(n,e){if(n.session===null)return new Ue(n);let t=la[e.name];return t&&n.level>=t.level?t.page(n,e.id):(e.name&&!t&&(n.note=n.say("not_found_page")),n.level>=1?new fe(n):n.level===0?new _e(n):new U(n))}var Ue=class{constructor(e){p(this,"app",e)}title(){return this.app.say("loading")}view(){return o`<h1 id="title" tabindex="-1">${this.title()}</h1>`}};var da=2*6e4,Ke=1e4,Ae=class{constructor(e){p(this,"root",e);p(this,"api",new ie);p(this,"session",null);p(this,"overview",null);p(this,"overviewAt",null);p(this,"language");p(this,"say");p(this,"format");p(this,"ordered",null);p(this,"isFirstPage",!0);p(this,"offline",!1);p(this,"note","");p(this,"expiring",!1);p(this,"live");p(this,"y",null);p(this,"pe",{name:"",id:""});p(this,"Ae","");p(this,"Ke",Date.now());var t,a;this.language=(a=je())!=null?a:lt((t=navigator.languages)!=null?t:[navigator.language]),this.say=He(this.language),this.format=new F(this.language,"CNY",2),this.live=new se(this.api,i=>this.Ht(i),i=>this.Dt(i)),this.api.reached=i=>{this.offline===i&&(this.offline=!i,this.changed())}}async start(){this.Pe(this.language);let e=_t(location),t=e.kind==="returned"?We("pay",e.order):"/#/";e.kind!=="plain"&&history.replaceState(null,"",t),this.changed(),await this.Ge(e),addEventListener("hashchange",()=>this.z(Q(location.hash))),addEventListener("online",()=>{this.reload()}),addEventListener("offline",()=>this.api.reached(!1));for(let a of["pointerdown","keydown"])addEventListener(a,()=>this.Ke=Date.now(),{passive:!0});setInterval(()=>this.jt(),Ke),this.z(Q(location.hash))}get route(){return this.pe}get level(){var e;return(e=this.session)!=null&&e.meter?this.session.level:-1}changed(){var t,a,i;document.title=[(t=this.y)==null?void 0:t.title(),(a=this.session)==null?void 0:a.site.name].filter(Boolean).join(" · ");let e=document.activeElement;st(xt(this,this.y,this.Ae),this.root),(e==null?void 0:e.isConnected)===!1&&((i=document.getElementById("title"))==null||i.focus())}go(e,t="",{replace:a=!1}={}){let i=We(e,t);a?(history.replaceState(null,"",i),this.z(Q(location.hash))):location.hash===i.slice(1)?this.z(Q(location.hash)):location.hash=i.slice(1)}announce(e){this.Ae=e===this.Ae?`${e}​`:e,this.changed()}worded(e){var t;return e.kind==="network"?this.say("offline"):e.kind==="slow_down"?this.say("slow_down",{seconds:(t=e.retryAfterS)!=null?t:30}):e.message||this.say(e.kind==="busy"?"busy":"failed")}enter(e){var a,i,s;let t=(i=(a=this.session)==null?void 0:a.meter)==null?void 0:i.reference;this.session=this.api.use(e),e.meter&&S(e.meter.reference),(t!==((s=e.meter)==null?void 0:s.reference)||e.level<1)&&(this.overview=null),W(e.language)&&(e.level>=1||je()===null)&&this.Pe(e.language),this.format=new F(this.language,e.site.currency,e.site.digits),this.expiring=!1,this.level>=1?this.live.start():this.live.stop()}async reload(){var i,s,r,l;let e=this.session;try{this.enter(await this.api.session())}catch(c){if(c instanceof $)return!1;throw c}let t=this.session,a=e===null||((i=e.meter)==null?void 0:i.reference)===((s=t==null?void 0:t.meter)==null?void 0:s.reference)&&e.level<=((r=t==null?void 0:t.level)!=null?r:0);return a||(this.note=this.say(t!=null&&t.meter?((l=e.meter)==null?void 0:l.reference)===t.meter.reference?"signed_out":"meter_changed":"signed_out"),this.go("","",{replace:!0})),this.changed(),a}async guarded(e){try{return await e()}catch(t){if(!(t instanceof $)||t.status!==403)throw t;return await this.reload()?e():null}}async choose(e){if(ut(e),this.Pe(e),this.session&&(this.format=new F(e,this.session.site.currency,this.session.site.digits)),this.changed(),!(this.level<1))try{await this.api.post("/api/settings",{language:e}),this.live.start()}catch(t){if(!(t instanceof $))throw t}}async stay(){this.expiring=!1,await this.reload()}async signOut(){this.enter(await this.api.post("/api/logout")),S(""),this.note=this.say("signed_out_now"),this.go("","",{replace:!0})}Pe(e){this.language=this.api.language=e,this.say=He(e),document.documentElement.lang=e}async Ge(e){try{this.enter(await this.api.session()),e.kind==="meter"&&await this.Ft(e.reference,e.tag),e.kind==="link"&&this.enter(await this.api.post("/api/link",{token:e.token}))}catch(t){if(!(t instanceof $))throw t;e.kind==="meter"&&S(e.reference),this.note=t.kind==="refused"&&e.kind==="link"?this.say("link_expired"):this.worded(t),this.session===null&&setTimeout(()=>{this.Wt(e)},Ke)}}async Wt(e){this.note="",await this.Ge(e),this.z(this.pe)}async Ft(e,t){if(S(e),t)try{this.enter(await this.api.post("/api/access",{meter:e,tag:t}));return}catch(a){if(!(a instanceof $)||a.kind!=="refused")throw a;this.note=this.say("code_expired")}try{this.enter(await this.api.post("/api/find",{meter:e}))}catch(a){if(!(a instanceof $)||a.status!==404)throw a;this.note=this.say("number_unknown")}}z(e){var a,i,s,r,l;let t=this.y===null;this.isFirstPage=t,(i=(a=this.y)==null?void 0:a.left)==null||i.call(a),t||(this.note=this.pe.name===e.name?this.note:this.qt(e)),this.pe=e,this.y=Lt(this,e),this.changed(),scrollTo(0,0),t||(s=document.getElementById("title"))==null||s.focus(),(l=(r=this.y).entered)==null||l.call(r)}qt(e){return e.name===""?this.note:""}Ht(e){var a,i,s;let t=(i=(a=this.session)==null?void 0:a.meter)==null?void 0:i.reference;(s=e.meters)!=null&&s.every(r=>r.reference!==t)?this.Ut(e):this.te(e)}async Ut(e){await this.reload()&&this.te(e)}te(e){var t,a;Object.keys(e).length>0&&(this.overview={announcements:[],messages:[],...this.overview,...e},this.overviewAt=new Date,(a=(t=this.y)==null?void 0:t.heard)==null||a.call(t)),this.changed()}Dt(e){if(!(e instanceof $))throw e;(e.status===403||e.status===401)&&this.reload(),this.changed()}jt(){if(!this.session||this.level<0||document.hidden)return;let e=Date.parse(this.session.expires_at)-Date.now()-this.api.aheadMs;e>da||(e<=0||Date.now()-this.Ke<Ke*2?this.reload():this.expiring||(this.expiring=!0,this.announce(this.say("expiring"))))}noteView(){return this.note?o`<p class="note" role="status">${this.note}</p>`:d}meterName(){var e;return(e=this.session)!=null&&e.meter?this.say("meter",{meter:this.session.meter.shown}):""}get lastMeter(){var e,t,a;return(a=(t=(e=this.session)==null?void 0:e.meter)==null?void 0:t.reference)!=null?a:mt()}};var Ge=document.getElementById("portal");Ge&&(Ge.textContent="",new Ae(Ge).start());})();
/*! Bundled license information:

lit-html/lit-html.js:
  (**
   * @license
   * Copyright 2017 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)
*/
