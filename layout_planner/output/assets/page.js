'use strict';
document.addEventListener('DOMContentLoaded', function () {
  const root = document.documentElement;
  document.getElementById('language').addEventListener('click', function () {
    root.dataset.lang = root.dataset.lang === 'zh' ? 'en' : 'zh';
    root.lang = root.dataset.lang === 'zh' ? 'zh-CN' : 'en';
  });
  let opened = [];
  window.addEventListener('beforeprint', function () {
    opened = Array.from(document.querySelectorAll('details:not([open])'));
    opened.forEach(part => { part.open = true; });
  });
  window.addEventListener('afterprint', () => opened.forEach(part => { part.open = false; }));
  document.getElementById('print').addEventListener('click', () => window.print());
});
