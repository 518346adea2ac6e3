"""Names that CRM exports give to the canonical columns."""

from __future__ import annotations

import re

__all__ = ["FILE_HINTS", "SYNONYMS", "plain_name"]


def plain_name(name: str) -> str:
    """Column name reduced to what counts: no capitals, blanks, marks or vendor prefixes.

    Examples
    --------
    >>> plain_name("Opportunity ID"), plain_name("property_dealname")
    ('opportunityid', 'dealname')
    """
    reduced = re.sub(r"[^0-9a-z]+", "", name.casefold())
    return re.sub(r"^property(?=.)", "", reduced)


# fmt: off
SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "opportunities": {
        "opportunity_id": ("opportunityid", "dealid", "oppid", "recordid", "hsobjectid", "id"),
        "name": ("opportunityname", "dealname", "title", "name"),
        "account_id": (
            "accountid", "parentaccountid", "customerid", "orgid", "companyid",
            "account", "accountname", "orgname", "company",
        ),
        "owner_id": (
            "ownerid", "hubspotownerid", "owninguser", "opportunityowner", "dealowner",
            "owner", "ownername", "salesagent", "salesrep", "salesperson", "rep", "userid",
        ),
        "product": ("product", "productname", "primaryproduct"),
        "amount": ("amount", "closevalue", "dealvalue", "dealamount", "estimatedvalue", "value"),
        "currency": (
            "currencyisocode", "currency", "dealcurrencycode", "dealcurrency",
            "currencycode", "transactioncurrencyid",
        ),
        "created_date": (
            "createddate", "createdate", "addtime", "createdon", "createdat", "engagedate",
            "created", "hscreatedate",
        ),
        "close_date": (
            "closedate", "closedon", "closetime", "actualclosedate", "estimatedclosedate",
            "expectedclosedate", "closingdate", "closed",
        ),
        "stage": (
            "stagename", "dealstage", "stage", "dealpipelinestageid", "salesstage", "stepname",
            "stageid", "status",
        ),
        "is_closed": ("isclosed", "hsisclosed"),
        "is_won": ("iswon", "hsisclosedwon"),
        "forecast_category": (
            "forecastcategory", "forecastcategoryname", "hsmanualforecastcategory",
            "msdynforecastcategory",
        ),
        "probability": ("probability", "hsdealstageprobability", "closeprobability"),
        "type": ("type", "dealtype", "opportunitytype"),
        "source": ("leadsource", "source", "hsanalyticssource", "origin", "channel"),
        "next_step": ("nextstep", "hsnextstep"),
        "last_activity_date": ("lastactivitydate", "lastactivity", "noteslastcontacted"),
        "push_count": ("pushcount",),
        "lost_reason": ("lostreason", "closedlostreason", "lossreason"),
    },
    "opportunity_history": {
        "opportunity_id": ("opportunityid", "dealid"),
        "changed_at": ("createddate", "timestamp", "changedat", "changedate"),
        "field": ("field", "fieldname"),
        "old_value": ("oldvalue",),
        "new_value": ("newvalue",),
    },
    "stages": {
        "stage": ("apiname", "masterlabel", "stagename", "stage", "label", "stageid"),
        "order": ("sortorder", "displayorder", "order", "stageordernr"),
        "is_closed": ("isclosed", "closed"),
        "is_won": ("iswon", "closedwon"),
        "default_probability": ("defaultprobability", "probability"),
        "forecast_category": ("forecastcategory", "forecastcategoryname"),
    },
    "reps": {
        "rep_id": (
            "repid", "userid", "ownerid", "systemuserid", "employeeid", "id", "salesagent",
            "salesrep", "rep",
        ),
        "name": ("fullname", "name", "repname", "salesperson", "salesagent", "salesrep"),
        "email": ("email", "emailaddress", "internalemailaddress", "upn", "username"),
        "hire_date": ("hiredate", "startdate"),
        "leave_date": ("leavedate", "terminationdate", "enddate"),
        "leave_reason": ("leavereason", "terminationreason"),
    },
    "rep_assignments": {
        "rep_id": (
            "repid", "userid", "ownerid", "systemuserid", "employeeid", "id", "salesagent",
            "salesrep", "rep",
        ),
        "manager_id": ("managerid", "manager", "parentsystemuserid", "reportsto"),
        "team": ("team", "teamname", "department"),
        "region": ("region", "regionaloffice", "territory", "area"),
        "role": ("role", "salesrole"),
        "ramp": ("ramp", "rampstatus"),
        "effective_from": ("effectivefrom", "validfrom"),
        "effective_to": ("effectiveto", "validto"),
    },
    "accounts": {
        "account_id": ("accountid", "companyid", "hsobjectid", "recordid", "id", "account"),
        "name": ("accountname", "companyname", "name", "account", "company"),
        "industry": ("industry", "sector"),
        "segment": ("segment", "accountsegment", "businesstype"),
        "employees": ("numberofemployees", "employees", "numemployees", "headcount"),
        "annual_revenue": ("annualrevenue", "revenue"),
        "country": ("billingcountry", "country", "countryregion", "officelocation"),
        "parent_id": ("parentid", "parentaccountid", "subsidiaryof", "parentcompanyid"),
    },
    "products": {
        "product": ("product", "productname", "productcode", "name"),
        "family": ("family", "productfamily", "series", "category"),
        "list_price": ("listprice", "salesprice", "unitprice", "price"),
    },
    "quotas": {
        "rep_id": ("repid", "quotaownerid", "userid", "ownerid", "employeeid", "salesagent", "rep"),
        "measure": ("measure", "quotatype"),
        "period_start": ("periodstart", "startdate", "targetmonth", "month", "quarterstart"),
        "period_end": ("periodend", "enddate"),
        "amount": ("quota", "quotaamount", "targetamount", "target", "amount"),
        "currency": ("currencyisocode", "currency"),
        "ramp_percent": ("ramppercent", "ramppct"),
        "effective_from": ("effectivefrom",),
        "version": ("version",),
    },
    "opportunity_splits": {
        "opportunity_id": ("opportunityid", "dealid"),
        "rep_id": ("splitownerid", "repid", "ownerid", "userid"),
        "share": ("splitpercentage", "share", "splitpercent", "percentage"),
        "kind": ("kind", "splittype"),
    },
    "activities": {
        "rep_id": ("ownerid", "hubspotownerid", "repid", "userid"),
        "opportunity_id": ("whatid", "opportunityid", "dealid"),
        "kind": ("tasksubtype", "eventsubtype", "hsactivitytype", "activitytype", "type", "kind"),
        "at": (
            "completeddatetime", "startdatetime", "activitydatetime", "hstimestamp",
            "activitydate",
        ),
        "is_invitee_copy": ("ischild",),
    },
    "forecast_submissions": {
        "forecaster_id": ("forecasterid", "forecaster"),
        "submitted_date": ("submitteddate", "snapshotdate"),
        "period_start": ("periodstart",),
        "period_end": ("periodend",),
        "category": ("category", "forecastcategory"),
        "amount": ("amount", "forecastamount"),
        "currency": ("currency", "currencyisocode"),
    },
    "fx_rates": {
        "date": ("date", "ratedate", "startdate"),
        "from_currency": ("fromcurrency", "from", "basecurrency"),
        "to_currency": ("tocurrency", "to", "quotecurrency"),
        "rate": ("rate", "conversionrate", "exchangerate"),
    },
    "calendar": {
        "date": ("date", "day", "holidaydate"),
        "is_working_day": ("isworkingday", "workingday"),
        "name": ("name", "holiday", "holidayname"),
    },
    "trainings": {
        "rep_id": ("repid", "userid", "employeeid"),
        "session_date": ("sessiondate", "trainingdate"),
        "programme": ("programme", "program", "course"),
    },
    "tools": {
        "tool": ("tool", "toolname"),
        "month": ("month",),
        "seats": ("seats", "licences", "licenses"),
        "cost": ("cost", "monthlycost"),
        "currency": ("currency",),
        "weekly_active": ("weeklyactive", "activeusers"),
    },
}
"""Reduced names by table and column; an earlier one is preferred to a later one."""

# fmt: on
FILE_HINTS: dict[str, str] = {
    "opportunities": r"opportunit(y|ies)|deals?|pipeline",
    "opportunity_history": r"histor",
    "stages": r"stages?",
    "reps": r"users?|owners?|reps?|sales_?people|sales_?persons?|employees|teams?",
    "rep_assignments": r"assign|teams?|organi[sz]ation|hierarchy",
    "accounts": r"accounts?|compan(y|ies)|customers?|resellers?",
    "products": r"products?",
    "quotas": r"quotas?|targets?",
    "opportunity_splits": r"splits?",
    "activities": r"activit|tasks?|events?|calls?|meetings?|engagements?",
    "forecast_submissions": r"forecast",
    "fx_rates": r"fx|rates?|currenc",
    "calendar": r"calendar|holidays?",
    "trainings": r"training",
    "tools": r"tools?|stack",
}
"""What a file's name may say about its content."""
