"""The sentences of the templates, by language: English, simplified Chinese, Malay."""

from collections.abc import Mapping

ENGLISH = {
    "power_cut_rules_title": "When electricity is cut off",
    "adaptation_period_title": "Prepaid electricity: how it begins",
    "prepaid": "Electricity is paid in advance. What you use is taken off your balance.",
    "warned": "You are told when your available credit falls to {levels}.",
    "warned_days": "You are told when your credit will last for about so many days only: {days}.",
    "never_cut": "Your electricity is never cut off for lack of credit.",
    "cut": "When your available credit is at {level} or below, your electricity is cut off.",
    "credit_limit": "Your available credit includes a credit limit of {limit}.",
    "emergency": "When credit is low you can use emergency credit of {amount} once; your next "
    "top-ups repay it first.",
    "notice": "Nothing is cut off before you have known for {hours} hours that credit is low.",
    "protected": "Nothing is cut off at these times: {times}. If credit is still missing when they "
    "end, it is cut off then.",
    "adapting": "In the first {span} nothing is cut off: you are told what would have happened.",
    "reconnect_auto": "As soon as you top up, your electricity comes back by itself.",
    "reconnect_confirm": "After you top up, the management switches your electricity on again.",
    "reconnect_manual": "After you top up, please ask the management to switch your electricity "
    "on again.",
    "adaptation": "For the first {span} you can get used to prepaid electricity.",
    "practice": "In this time nothing is cut off for lack of credit. You get every message as if "
    "it were, so that you see how the rules work. Please top up in time all the same.",
    "no_adaptation": "The rules hold from now on; there is no adaptation period.",
    "week": "week",
    "weeks": "{number} weeks",
    "days": "{number} days",
    "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
    "all_day": "all day",
    "special": "on special days ({kind}) {hours}",
    "comma": ", ",
    "semicolon": "; ",
}

CHINESE = {
    "power_cut_rules_title": "停电规则",
    "adaptation_period_title": "预付费用电：适应期须知",
    "prepaid": "电费须预先支付，所用电费从您的余额中扣除。",
    "warned": "可用额度降至 {levels} 时，您会收到提醒。",
    "warned_days": "预计余额仅够使用以下天数时，您会收到提醒：{days} 天。",
    "never_cut": "您的供电不会因余额不足而中断。",
    "cut": "可用额度降至 {level} 或以下时，将停止供电。",
    "credit_limit": "可用额度中包含 {limit} 的授信额度。",
    "emergency": "余额偏低时，您可以使用一次 {amount} 的应急额度。之后的充值将优先归还。",
    "notice": "在您得知余额偏低满 {hours} 小时之前，不会停电。",
    "protected": "以下时段不会停电：{times}。时段结束时如仍欠费，届时停电。",
    "adapting": "最初{span}内不会停电，只会告知您本应停电。",
    "reconnect_auto": "充值后自动恢复供电。",
    "reconnect_confirm": "充值后由物业管理方确认恢复供电。",
    "reconnect_manual": "充值后请联系物业管理方恢复供电。",
    "adaptation": "最初{span}为预付费用电适应期。",
    "practice": "适应期内不会因欠费停电，但您会照常收到全部通知，以便了解规则。仍请及时充值。",
    "no_adaptation": "规则自即日起生效，没有适应期。",
    "week": "一周",
    "weeks": "{number} 周",
    "days": "{number} 天",
    "weekdays": "周一 周二 周三 周四 周五 周六 周日",
    "all_day": "全天",
    "special": "特殊日（{kind}）{hours}",
    "comma": "、",
    "semicolon": "，",
}

MALAY = {
    "power_cut_rules_title": "Bila bekalan elektrik dipotong",
    "adaptation_period_title": "Elektrik prabayar: cara ia bermula",
    "prepaid": "Elektrik dibayar terlebih dahulu. Penggunaan anda ditolak daripada baki anda.",
    "warned": "Anda dimaklumkan apabila kredit tersedia turun ke {levels}.",
    "warned_days": "Anda dimaklumkan apabila kredit dijangka cukup untuk bilangan hari ini "
    "sahaja: {days}.",
    "never_cut": "Bekalan elektrik anda tidak pernah dipotong kerana kekurangan kredit.",
    "cut": "Apabila kredit tersedia berada pada {level} atau kurang, bekalan elektrik dipotong.",
    "credit_limit": "Kredit tersedia anda termasuk had kredit sebanyak {limit}.",
    "emergency": "Apabila kredit rendah, anda boleh menggunakan kredit kecemasan sebanyak {amount} "
    "sekali; tambah nilai seterusnya membayarnya dahulu.",
    "notice": "Bekalan tidak dipotong sebelum anda mengetahui selama {hours} jam bahawa kredit "
    "rendah.",
    "protected": "Bekalan tidak dipotong pada masa ini: {times}. Jika kredit masih tidak mencukupi "
    "apabila ia tamat, bekalan dipotong pada masa itu.",
    "adapting": "Dalam tempoh {span} pertama bekalan tidak dipotong: anda hanya dimaklumkan bahawa "
    "ia sepatutnya dipotong.",
    "reconnect_auto": "Sebaik sahaja anda menambah nilai, bekalan elektrik pulih sendiri.",
    "reconnect_confirm": "Selepas anda menambah nilai, pihak pengurusan memulihkan bekalan "
    "elektrik.",
    "reconnect_manual": "Selepas anda menambah nilai, sila minta pihak pengurusan memulihkan "
    "bekalan elektrik.",
    "adaptation": "Dalam tempoh {span} pertama anda boleh membiasakan diri dengan elektrik "
    "prabayar.",
    "practice": "Dalam tempoh ini bekalan tidak dipotong kerana kekurangan kredit. Anda menerima "
    "setiap mesej seolah-olah ia dipotong, supaya anda faham peraturannya. Sila tambah nilai tepat "
    "pada masanya juga.",
    "no_adaptation": "Peraturan berkuat kuasa mulai sekarang; tiada tempoh penyesuaian.",
    "week": "seminggu",
    "weeks": "{number} minggu",
    "days": "{number} hari",
    "weekdays": "Isnin Selasa Rabu Khamis Jumaat Sabtu Ahad",
    "all_day": "sepanjang hari",
    "special": "pada hari khas ({kind}) {hours}",
    "comma": ", ",
    "semicolon": "; ",
}

WORDS: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "zh-Hans": CHINESE, "ms": MALAY}

LANGUAGES = tuple(WORDS)
